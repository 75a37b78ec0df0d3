"""Folders in the cache that are made once and checked on each use, and compiling C for them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from _edgeship.cache import cache_folder
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.running import run_process
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.results.record import Record
from _edgeship.errors import DeviceError
from _edgeship.work_folders import work_folder

#: Where the C sources of the runner and of the clock are.
SOURCES = Path(__file__).parents[1] / "runners" / "native"

#: How C is compiled, for every machine.
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")

_INDEX = "files.json"
_COMPILER_SECONDS = 120.0


class BuiltFile(Record):
    """A file of a built folder.

    Attributes:
        size: In bytes.
        sha256: Of its bytes.
    """

    size: int
    sha256: str


class Built(Record):
    """What lies in a built folder.

    Attributes:
        folder: Where it is.
        files: Path below the folder -> file; the index itself is left out.
        notes: Remarks that were made when it was filled.
    """

    folder: Path
    files: dict[str, BuiltFile]
    notes: tuple[str, ...] = ()


def build_once(name: str, parts: Sequence[bytes], make: Callable[[Path], Sequence[str]]) -> Built:
    """Return a folder of the cache; make it if it is missing or its files have changed.

    It gets its final name only when it is complete, so that a crash does not leave half of it. Of
    several threads and processes that want it at the same time, one makes it and the others wait.

    Args:
        name: What the folder's name begins with.
        parts: All that its content depends on; the folder's name ends with their digest.
        make: Fills an empty folder with files, and returns notes.

    Raises:
        DeviceError: The folder cannot be written; or what ``make`` raises.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    folder = cache_folder() / "built" / f"{name}-{digest.hexdigest()[:16]}"
    try:
        built = _read(folder)
        if built is not None:
            return built
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _read(folder) or _build(folder, make)
    except OSError as error:
        raise DeviceError(
            "What runs on the device cannot be built.",
            where=str(folder),
            why=error.strerror or str(error),
            todo="Make room there, or name another folder with EDGESHIP_CACHE.",
        ) from error


def _build(folder: Path, make: Callable[[Path], Sequence[str]]) -> Built:
    with work_folder(folder.parent, f"{folder.name}.") as own:
        fresh = own / "fresh"
        fresh.mkdir()
        built = _write_index(fresh, folder, make(fresh))
        if folder.exists():
            # It is damaged: out of the way with it.
            folder.rename(own / "old")
        fresh.rename(folder)
    return built


def _write_index(fresh: Path, folder: Path, notes: Sequence[str]) -> Built:
    paths = sorted(path for path in fresh.rglob("*") if path.is_file())
    files = {path.relative_to(fresh).as_posix(): _describe(path) for path in paths}
    built = Built(folder=folder, files=files, notes=tuple(notes))
    (fresh / _INDEX).write_text(built.model_dump_json(exclude={"folder"}, indent=2) + "\n")
    return built


def _read(folder: Path) -> Built | None:
    """Return what is in a folder, or None unless every file is as the index says."""
    try:
        index = json.loads((folder / _INDEX).read_bytes())
        built = Built.model_validate({**index, "folder": folder})
        whole = all(_describe(folder / name) == file for name, file in built.files.items())
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, ValidationError):
        return None
    return built if whole else None


def _describe(path: Path) -> BuiltFile:
    data = path.read_bytes()
    return BuiltFile(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def compile_c(
    compiler: str, package: str, sources: Sequence[Path], output: Path, *more: str
) -> None:
    """Compile and link C sources to one file.

    Args:
        compiler: Name of the program, which is looked for on PATH.
        package: The Debian package that it is in.
        sources: The files.
        output: The file to write.
        more: Further arguments.

    Raises:
        DeviceError: The compiler is missing, or refuses the sources.
    """
    done = run_tool(
        [compiler, *FLAGS, *map(str, sources), "-o", str(output), *more],
        package,
        seconds=_COMPILER_SECONDS,
    )
    if done.code != 0:
        raise DeviceError(
            f"{output.name} cannot be compiled.", where=compiler, why=last_words(done)
        )


def library_of(compiler: str, package: str, name: str) -> Path:
    """Return the path of a library of the system that a compiler compiles for.

    Raises:
        DeviceError: The compiler does not find it.
    """
    done = run_tool([compiler, f"-print-file-name={name}"], package, seconds=_COMPILER_SECONDS)
    path = Path(done.out.strip())
    # The compiler answers with the bare name when it knows no such file.
    if done.code != 0 or not path.is_absolute() or not path.is_file():
        raise DeviceError(
            f"The library {name} for the runner is missing.",
            where=compiler,
            why="The compiler does not find it.",
            todo=f"Install it; on Debian or Ubuntu: apt install {package}",
        )
    return path


def run_tool(argv: Sequence[str], package: str, *, seconds: float) -> Completed:
    """Run a program of the host.

    Args:
        argv: The program, which is looked for on PATH, and its arguments.
        package: The Debian package that it is in.
        seconds: Seconds until it is killed.

    Raises:
        DeviceError: It is not installed, or does not end in time.
    """
    if shutil.which(argv[0]) is None:
        raise DeviceError(
            f"The program {argv[0]} is missing.",
            todo=f"Install it; on Debian or Ubuntu: apt install {package}",
        )
    return run_process(argv, timeout=seconds)
