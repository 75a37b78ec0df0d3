"""LiteRT's libraries for Android, out of what the user names: an AAR, a zip archive, or libraries.

They are not to be had from PyPI or Debian. Google Maven has com.google.ai.edge.litert:litert with
libLiteRt.so, and com.google.ai.edge.litert:litert-gpu with the accelerator for GPUs. The files are
untrusted: nothing is extracted by the names in an archive, sizes are bounded, and the machine of
each library is read from the library itself.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from _edgeship.device_bench.app.elf import NotAnElfError, SharedLibrary, read_library
from _edgeship.device_bench.app.packing import PAGE_BYTES
from _edgeship.device_bench.app.project import ABIS, versions
from _edgeship.device_bench.building.once import SOURCES
from _edgeship.errors import InputError

#: The library without which the app measures nothing.
RUNTIME = "libLiteRt.so"

# The library, its accelerators for GPUs and its dispatchers for NPUs.
_NAME = re.compile(r"libLiteRt[A-Za-z0-9_]{0,64}\.so")

# A function in the lists of litert.h: F(Name, (types)) or D(Name, type).
_FUNCTION = re.compile(r"^  [FD]\((\w+),", re.MULTILINE)

_MAX_LIBRARY_BYTES = 256 << 20
_MAX_ARCHIVE_BYTES = 1 << 30
_MAX_ENTRIES = 10_000
_ENCRYPTED = 1

_WHERE = "Take it from Google Maven: the .aar of com.google.ai.edge.litert:litert."


@dataclass(frozen=True)
class _Found:
    """A library in a file that the user named."""

    source: str
    name: str
    data: bytes
    about: SharedLibrary


def litert_libraries(files: Sequence[Path]) -> dict[str, bytes]:
    """Return the libraries to pack.

    Args:
        files: An .aar, a .zip or an .apk with libraries for several machines, or single libraries.

    Returns:
        "ABI/NAME" -> content, for the ABIs of the app; libraries for others are left out.

    Raises:
        InputError: A file cannot be read, is hostile, or holds no library for Android; two files
            hold different libraries of one name and ABI; or libLiteRt.so itself is missing.
    """
    chosen: dict[str, _Found] = {}
    for file in files:
        for found in _read(file):
            name = f"{found.about.abi}/{found.name}"
            if chosen.setdefault(name, found).data != found.data:
                raise InputError(
                    f"There are two different libraries {name}.",
                    where=f"{chosen[name].source} and {found.source}",
                    todo="Name one of them with --litert.",
                )
    _check_whole(files, chosen)
    _check_functions(chosen.values())
    return {name: found.data for name, found in chosen.items()}


def library_notes(libraries: dict[str, bytes]) -> list[str]:
    """Return a sentence for each kind of phone that gets no LiteRT, or one that it cannot load."""
    notes = [
        f"There is no {RUNTIME} for {abi}: on phones of that kind the app measures nothing."
        for abi in ABIS
        if libraries and f"{abi}/{RUNTIME}" not in libraries
    ]
    for name, data in sorted(libraries.items()):
        alignment = read_library(data).alignment
        if alignment < PAGE_BYTES:
            notes.append(
                f"{name} cannot be loaded on phones with pages of 16 KiB: its segments are "
                f"aligned to {alignment} bytes."
            )
    return notes


def _check_whole(files: Sequence[Path], chosen: dict[str, _Found]) -> None:
    if files and not any(found.name == RUNTIME for found in chosen.values()):
        others = ", ".join(sorted(chosen))
        raise InputError(
            f"--litert: there is no {RUNTIME} for Android on {' or '.join(ABIS)}.",
            where=", ".join(map(str, files)),
            why=f"There is only {others}." if others else "",
            todo=f"{_WHERE} --litert may be given several times.",
        )


def functions() -> list[str]:
    """Return the functions of LiteRT that the app's C code looks for when it opens the library."""
    declared = (SOURCES / "litert.h").read_text(encoding="utf-8")
    return [f"LiteRt{name}" for name in _FUNCTION.findall(declared)]


def _check_functions(libraries: Iterable[_Found]) -> None:
    """Refuse a library that the app could not open: one of a much older or newer version."""
    for found in libraries:
        lacks = [name for name in functions() if not found.about.may_offer(name)]
        if found.name == RUNTIME and lacks:
            raise InputError(
                f"--litert: {found.source!r} lacks functions that the app needs.",
                why=f"Missing: {', '.join(lacks[:3])}{', ...' if len(lacks) > 3 else ''}.",
                todo=f"Take version {versions().litert} of com.google.ai.edge.litert:litert.",
            )


def _read(file: Path) -> Iterator[_Found]:
    """Yield the libraries for the app's ABIs in a file."""
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
        if head == b"\x7fELF":
            yield _single(file)
        elif zipfile.is_zipfile(file):
            yield from _archive(file)
        else:
            raise InputError(
                f"--litert {file}: this is neither a zip archive nor a library.",
                why="An .aar is a zip archive; a library begins with the bytes 7F 45 4C 46.",
                todo=_WHERE,
            )
    except OSError as error:
        raise InputError(
            f"--litert {file} cannot be read.", why=error.strerror or str(error)
        ) from error


def _single(file: Path) -> _Found:
    if not _NAME.fullmatch(file.name):
        raise InputError(
            f"--litert {file}: a library must be named {RUNTIME}, or libLiteRt*.so.",
            why="LiteRT finds its accelerators by their names.",
        )
    if file.stat().st_size > _MAX_LIBRARY_BYTES:
        raise InputError(f"--litert {file} is implausibly large for a library.")
    data = file.read_bytes()
    about = _library(str(file), data)
    if about.abi not in ABIS:
        raise InputError(
            f"--litert {file} is for {about.abi}.",
            why=f"The app is built for {' and '.join(ABIS)}.",
        )
    if glibc := _of_linux(about):
        raise InputError(
            f"--litert {file} is for Linux, not for Android.", why=f"It needs {glibc}.", todo=_WHERE
        )
    return _Found(str(file), file.name, data, about)


def _archive(file: Path) -> Iterator[_Found]:
    if file.stat().st_size > _MAX_ARCHIVE_BYTES:
        raise InputError(f"--litert {file} is implausibly large.")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_ENTRIES:
                raise InputError(f"--litert {file} holds implausibly many files.")
            for entry in entries:
                _check_name(file, entry.filename)
            for entry in entries:
                name = PurePosixPath(entry.filename).name
                if _NAME.fullmatch(name):
                    data = _content(file, archive, entry)
                    source = f"{entry.filename} in {file}"
                    about = _library(source, data)
                    # Such archives hold libraries for other machines and systems, too.
                    if about.abi in ABIS and not _of_linux(about):
                        yield _Found(source, name, data, about)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        # A ValueError is zipfile's about names that are no UTF-8.
        raise InputError(
            f"--litert {file} is damaged.", why=str(error), todo="Download it again."
        ) from error


def _check_name(file: Path, name: str) -> None:
    """Refuse an archive that was made to write outside of the folder where it is extracted."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or "\0" in name or ":" in parts[0]:
        raise InputError(
            f"--litert {file} is not an archive of LiteRT's.",
            why=f"It holds a file with the name {name!r}, which leads outside of it.",
        )


def _content(file: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & _ENCRYPTED:
        raise InputError(f"--litert {file}: {entry.filename!r} is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"--litert {file}: {entry.filename!r} is packed in an unknown way.")
    # What an archive says about sizes is not to be trusted either.
    with archive.open(entry) as opened:
        data = opened.read(_MAX_LIBRARY_BYTES + 1)
    if len(data) > _MAX_LIBRARY_BYTES:
        raise InputError(f"--litert {file}: {entry.filename!r} is implausibly large for a library.")
    return data


def _library(source: str, data: bytes) -> SharedLibrary:
    try:
        return read_library(data)
    except NotAnElfError as error:
        raise InputError(f"--litert: {source!r} is no library.", why=str(error)) from error


def _of_linux(about: SharedLibrary) -> str:
    """Return a library that it needs and Android has not, such as libc.so.6, or ""."""
    return next((name for name in about.needed if re.search(r"\.so\.\d", name)), "")
