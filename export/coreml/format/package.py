"""An .mlpackage as a value: the files in it by name, and the folder on disk they come from."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError

#: Path in the package, with slashes -> content.
Package = Mapping[str, bytes]

SUFFIX = ".mlpackage"

#: The most files and bytes of a package that is read; the largest network here takes 460 MB.
MAX_FILES = 1_000
MAX_BYTES = 2**31

_AUTHOR = "com.apple.CoreML"
_ITEMS = "Data"
_MODEL = "model.mlmodel"
_WEIGHTS = "weights"

#: What coremltools notes about its own run and would make equal exports differ.
_CONVERSION_DATE = "com.github.apple.coremltools.conversion_date"


def package_of(model: Any) -> dict[str, bytes]:
    """Return the files of a model's package; equal models give equal bytes.

    Args:
        model: A ``coremltools.models.MLModel`` that holds an ML program.
    """
    return package_of_spec(model.get_spec(), model.weights_dir)


def package_of_spec(spec: Any, weights: str | None) -> dict[str, bytes]:
    """Return the files of a package.

    Args:
        spec: The specification of the model, or of a pipeline of several.
        weights: The folder of their weights, if there is one.
    """
    spec.description.metadata.userDefined.pop(_CONVERSION_DATE, None)
    for model in spec.pipeline.models if spec.HasField("pipeline") else ():
        model.description.metadata.userDefined.pop(_CONVERSION_DATE, None)
    files = {_MODEL: spec.SerializeToString(deterministic=True)}
    if weights is not None:
        folder = Path(weights)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                files[f"{_WEIGHTS}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    package = {f"{_ITEMS}/{_AUTHOR}/{name}": data for name, data in files.items()}
    return {"Manifest.json": _manifest(files), **package}


def _manifest(files: Package) -> bytes:
    """Return Manifest.json, with identifiers made from the content instead of at random."""
    model = _identifier({_MODEL: files[_MODEL]})
    items = {model: _item(_MODEL, "CoreML Model Specification")}
    weights = {name: data for name, data in files.items() if name != _MODEL}
    if weights:
        items[_identifier(weights)] = _item(_WEIGHTS, "CoreML Model Weights")
    manifest = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": items,
        "rootModelIdentifier": model,
    }
    return (json.dumps(manifest, indent=4, sort_keys=True) + "\n").encode()


def _item(name: str, description: str) -> dict[str, str]:
    return {
        "author": _AUTHOR,
        "description": description,
        "name": name,
        "path": f"{_AUTHOR}/{name}",
    }


def _identifier(files: Package) -> str:
    return str(uuid.UUID(hex=digest(files)[:32], version=5))


def digest(package: Package) -> str:
    """Return the SHA-256, in hexadecimal digits, of the names and contents in sorted order.

    Name and content are each preceded by their length (8 bytes, little-endian), so that different
    packages never give the same bytes to hash.
    """
    sha256 = hashlib.sha256()
    for name in sorted(package):
        for part in (name.encode(), package[name]):
            sha256.update(len(part).to_bytes(8, "little"))
            sha256.update(part)
    return sha256.hexdigest()


def size(package: Package) -> int:
    """Return the size of all files together, in bytes."""
    return sum(map(len, package.values()))


def read_package(path: Path) -> dict[str, bytes]:
    """Read a package from disk.

    Args:
        path: The .mlpackage, which is a folder.

    Returns:
        Path in the package, with slashes -> content, without what the Finder leaves in folders
        (.DS_Store).

    Raises:
        InputError: This is not a package, or it is too large, or it holds links or special files.
    """
    _check_folder(path)
    return read_folder(path)


def read_folder(path: Path) -> dict[str, bytes]:
    """Read all files of a folder that holds a model, as `read_package` does.

    Raises:
        InputError: It is too large, or it holds links or special files.
    """
    package: dict[str, bytes] = {}
    left = MAX_BYTES
    try:
        for file in _files(path):
            with file.open("rb") as opened:
                data = opened.read(left + 1)
            left -= len(data)
            if left < 0 or len(package) == MAX_FILES:
                raise InputError(
                    f"{path} is too large.",
                    why=f"at most {MAX_FILES:,} files and {MAX_BYTES:,} bytes are accepted",
                )
            package[file.relative_to(path).as_posix()] = data
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
    return package


def _check_folder(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix == ".mlmodelc":
        raise InputError(
            f"{path} is a compiled model.",
            why="what a Core ML compiler made of a package cannot be read back",
            todo="give the .mlpackage it was compiled from",
        )
    if path.is_file():
        why, todo = "an .mlpackage is a folder", "check the path"
        if suffix == ".mlmodel":
            why = "a lone .mlmodel holds a neural network of the older kind, or a part of a package"
            todo = "give the .mlpackage; models of the older kind are not supported"
        elif zipfile.is_zipfile(path):
            todo = "unzip it first"
        raise InputError(f"{path} is a file, not an .mlpackage.", why=why, todo=todo)
    if not path.is_dir():
        raise InputError(f"{path} does not exist.", todo="check the path")
    if not (path / "Manifest.json").is_file():
        raise InputError(f"{path} is not an .mlpackage.", why="it holds no Manifest.json")


def _files(path: Path) -> Iterator[Path]:
    """Yield the regular files under a folder, in order of their names.

    Raises:
        InputError: There is anything but files and folders.
    """
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders.sort()
        for name in sorted([*folders, *names]):
            file = Path(folder) / name
            mode = file.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
                raise InputError(
                    f"{path} cannot be read.",
                    why=f"{file.relative_to(path)} in it is {kind}",
                    todo="make a copy that holds the files themselves: cp -RL",
                )
            if stat.S_ISREG(mode) and name != ".DS_Store":
                yield file


def _raise(error: OSError) -> None:
    raise error
