"""Opening a bundle that somebody else made: a folder, or a zip file that may hold anything."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.export.bundle.layout import MANIFEST, SUMS, inside
from _edgeship.files import check_plain
from _edgeship.work_folders import temporary_folder
from _edgeship.zips import UNREADABLE, is_folder, open_zip

#: The most files of a bundle, and the most bytes that they unpack to.
MOST_FILES = 10_000
MOST_BYTES = 8 << 30

_CHUNK_BYTES = 1 << 20

#: Endings of models that are folders.
FOLDERS = (".mlpackage", ".aimodel")

#: What the Finder leaves in folders and zip files.
_FINDER = (".DS_Store", "__MACOSX")


def is_bundle(path: Path) -> bool:
    """Return whether a path may be a bundle: a zip file, or a folder with digests or a manifest."""
    if path.is_dir():
        return path.suffix.lower() not in FOLDERS and any(
            (path / name).is_file() for name in (SUMS, MANIFEST)
        )
    return path.suffix.lower() == ".zip"


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Yield the folder of a bundle; of a zip file, one that goes away afterwards.

    Raises:
        InputError: It is no bundle, holds links or special files, leads out of its folder, or is
            too large.
    """
    if path.is_dir():
        files_in(path)
        yield path
        return
    if not path.exists():
        raise InputError(f"{path} does not exist.", todo="check the path")
    check_plain(path)
    with temporary_folder() as place:
        try:
            with open_zip(path) as archive:
                _unpack(archive, place, path)
        except UNREADABLE as error:
            raise InputError(f"{path} cannot be unpacked.", why=str(error)) from error
        yield _root(place, path)


def files_in(folder: Path) -> list[str]:
    """Return the paths of all files of a bundle, with slashes, sorted.

    Raises:
        InputError: There is anything but files and folders, or there are too many.
    """
    found = []
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if name not in _FINDER]
        for name in [*folders, *names]:
            file = Path(place) / name
            relative = file.relative_to(folder).as_posix()
            mode = file.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise InputError(
                    f"{relative} in {folder} is a link or a special file.",
                    why="a bundle holds plain files",
                )
            if stat.S_ISREG(mode) and name not in _FINDER:
                found.append(relative)
                if len(found) > MOST_FILES:
                    raise _too_large(folder, f"it holds more than {MOST_FILES:,} files")
    return sorted(found)


def _unpack(archive: zipfile.ZipFile, place: Path, path: Path) -> None:
    """Unpack an archive whose names and promised sizes have been checked, counting every byte."""
    entries = [entry for entry in archive.infolist() if not is_folder(entry)]
    _check(entries, path)
    left = MOST_BYTES
    for entry in entries:
        target = place / inside(entry.filename)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("xb") as file:
            while chunk := packed.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _too_large(path, f"it unpacks to more than {MOST_BYTES:,} bytes")
                file.write(chunk)


def _check(entries: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """Check what an archive says about its files, before any is unpacked.

    Raises:
        InputError: A name leads out of the folder or comes twice, one is a link, or there are too
            many.
    """
    if len(entries) > MOST_FILES:
        raise _too_large(path, f"it holds {len(entries):,} files; at most {MOST_FILES:,} go")
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES:
        raise _too_large(path, f"it unpacks to {total:,} bytes; at most {MOST_BYTES:,} go")
    names: set[str] = set()
    for entry in entries:
        inside(entry.filename)
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise InputError(
                f"{entry.filename} in {path} is a link or a special file.",
                why="a bundle holds plain files",
            )
        # Where upper and lower case are one, the second of two would take the place of the first.
        if entry.filename.casefold() in names:
            raise InputError(f"{path} holds {entry.filename} twice.")
        names.add(entry.filename.casefold())


def _root(place: Path, path: Path) -> Path:
    """Return the folder that the files of a bundle lie in: the archive's, or one around all."""
    for folder in (place, *sorted(one for one in place.iterdir() if one.is_dir())):
        if (folder / MANIFEST).is_file() or (folder / SUMS).is_file():
            return folder
    raise InputError(
        f"{path} is no bundle.",
        why=f"it holds no {MANIFEST}",
        todo="`python -m export bundle MODEL` makes one",
    )


def _too_large(path: Path, why: str) -> InputError:
    return InputError(f"{path} is too large for a bundle.", why=why)


def _raise(error: OSError) -> None:
    raise error
