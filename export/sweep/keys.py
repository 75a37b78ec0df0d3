"""What decides a file, as one digest: equal keys stand for equal exports, which are made once.

It counts the network (its bytes, or its code and what that imports beside it), its weights and its
other files, all options, the versions of the packages that matter, and the code of edgeship.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.contract.manifest import versions
from _edgeship.export.sweep.variants import Variant
from _edgeship.files import sha256_of
from _edgeship.models.catalog.registry import names as registered

#: The most files that a folder of pictures, or what code depends on, may have.
_MOST_FILES = 100_000

#: Rooms that decide no byte of a file.
_NOT_OF_FILES = ("export/commands/", "export/sweep/", "models/commands/")


@dataclass(frozen=True)
class Decided:
    """What decides a file.

    Attributes:
        parts: Name -> value, in JSON types; digests of files by their path.
        files: The paths of these files, relative to the sweep file's folder where they are below.
    """

    parts: Mapping[str, Any]
    files: tuple[str, ...]

    @property
    def key(self) -> str:
        """The digest in hexadecimal."""
        text = json.dumps(self.parts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Digests:
    """Digests of the files below a folder, each read once.

    Args:
        folder: That of the sweep file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[Path, str] = {}
        self._behind: dict[str, list[Path]] = {}
        self._versions = versions()

    def decided(self, one: Variant) -> Decided:
        """Return what decides a variant.

        Raises:
            InputError: A file cannot be read, or a folder has too many.
        """
        paths = dict.fromkeys(self._paths(one))
        files = {self._name(path): self._digest(path) for path in paths}
        parts = {
            "model": one.model,
            "target": one.target,
            "scheme": one.scheme,
            "options": dict(one.given),
            "files": dict(sorted(files.items())),
            "published": _published(one),
            "versions": self._versions,
            "code": own_code(),
        }
        return Decided(parts, tuple(files))

    def _paths(self, one: Variant) -> Iterator[Path]:
        for name in (one.model, *one.files):
            if name not in self._behind:
                self._behind[name] = list(self._named(name))
            yield from self._behind[name]
        for pattern in one.depends:
            found = [path for path in sorted(self._folder.glob(pattern)) if path.is_file()]
            if not found:
                raise InputError(f"Nothing matches {pattern!r}, on which {one.network} depends.")
            yield from found

    def _named(self, name: str) -> Iterator[Path]:
        """Yield the files behind a word: a file, a folder, or the code of a function."""
        path = self._folder / name
        if path.is_dir():
            yield from _inside(path)
        elif path.is_file():
            yield path
            if path.suffix == ".onnx":
                yield from _external_data(path)
        elif ":" in name:
            place = name.rpartition(":")[0]
            yield from self._code(place)

    def _code(self, place: str) -> Iterator[Path]:
        if place.endswith(".py"):
            yield from imported_by(self._folder / place)
            return
        top = place.partition(".")[0]
        found = importlib.machinery.PathFinder.find_spec(top, [str(self._folder)])
        found = found or importlib.machinery.PathFinder.find_spec(top)
        if found is None or found.origin is None:
            raise InputError(
                f"There is no Python module {place}.", todo="name FILE.py:FUNCTION, or install it"
            )
        if found.submodule_search_locations:
            yield from (one for one in _inside(Path(found.origin).parent) if one.suffix == ".py")
        else:
            yield Path(found.origin)

    def _digest(self, path: Path) -> str:
        if path not in self._known:
            try:
                self._known[path] = sha256_of(path)
            except OSError as error:
                raise InputError(f"{path} cannot be read.", why=error.strerror or "") from error
        return self._known[path]

    def _name(self, path: Path) -> str:
        resolved = path.resolve()
        if resolved.is_relative_to(self._folder):
            return resolved.relative_to(self._folder).as_posix()
        return str(resolved)


def imported_by(file: Path) -> list[Path]:
    """Return a Python file and what it imports from its own folder, also inside of functions.

    Nothing is executed. Installed packages are not followed: their versions stand for them.
    """
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    finder = ModuleFinder(path=[str(folder), str(file.parent)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the user's code
        try:
            finder.run_script(str(file))
        except SyntaxError:
            return [file]  # the export says what is wrong with it
    places = [getattr(one, "__file__", None) for one in finder.modules.values()]
    paths = [Path(place) for place in places if place]
    return sorted({path.resolve() for path in paths} | {file.resolve()})


def _inside(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(paths) > _MOST_FILES:
        raise InputError(
            f"{folder} has {len(paths):,} files.", todo=f"name a folder of at most {_MOST_FILES:,}"
        )
    return paths


def _external_data(path: Path) -> Iterable[Path]:
    """Return the files beside an ONNX file that hold its weights."""
    import onnx

    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except Exception:
        return []  # the export says what is wrong with it
    places = {
        entry.value
        for tensor in graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sorted(path.parent / place for place in places if (path.parent / place).is_file())


def _published(one: Variant) -> str:
    """Return the digest of weights that are fetched or shipped, for a network of the registry."""
    weights = one.given.get("weights")
    if weights not in ("imagenet", "cifar10") or one.model not in registered():
        return ""
    if weights == "imagenet":
        from _edgeship.models.weights.imagenet import published

        row = published(one.model)
        return f"{row.file} {row.sha256}"
    from _edgeship.models.weights.pretrained import find

    return sha256_of(find(one.model, weights).path)


@cache
def own_code(*more: str) -> str:
    """Return the digest of the code that makes exports.

    A checkout keeps its version from one change to the next, so the version is not enough.

    Args:
        more: Further folders; with any, no room of `_NOT_OF_FILES` is left out.
    """
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for room in ("export", "models", *more):
        for path in sorted((root / room).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if more or not name.startswith(_NOT_OF_FILES):
                digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def this_machine() -> dict[str, str]:
    """Return what machines that work together must have in common: name -> version or digest."""
    return {**versions(), "the code of edgeship": own_code("device_bench")}
