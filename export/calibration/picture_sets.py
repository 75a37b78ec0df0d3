"""Pictures in a folder, or in a zip file that stays packed, and the folders that name classes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from _edgeship.errors import InputError
from _edgeship.files import check_plain
from _edgeship.zips import UNREADABLE, is_folder, open_zip

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")

#: Largest picture file in an archive, unpacked; a header may promise anything.
MAX_PICTURE_BYTES = 256 << 20

#: What macOS adds to its archives.
_NOT_PICTURES = "__MACOSX"


@dataclass(frozen=True)
class PictureSet:
    """The pictures at a place.

    Attributes:
        path: The folder or zip file.
        pictures: Their paths in it, sorted.
        folders: Those of all folders in it.
        archive: The zip file, opened; None for a folder.
        entries: Its entries of the pictures, which may be called otherwise there, as ``./a.png``.
    """

    path: Path
    pictures: tuple[PurePosixPath, ...]
    folders: frozenset[PurePosixPath]
    archive: zipfile.ZipFile | None = field(default=None, repr=False)
    entries: Mapping[PurePosixPath, zipfile.ZipInfo] = field(default_factory=dict, repr=False)

    def open(self, picture: PurePosixPath) -> IO[bytes]:
        """Open one of the pictures. Several threads may do so at once.

        Raises:
            InputError: It cannot be opened, or would unpack to too much.
        """
        name = str(picture)
        try:
            if self.archive is None:
                check_plain(self.path / name)
                return (self.path / name).open("rb")
            entry = self.entries[picture]
            size = entry.file_size
            if size > MAX_PICTURE_BYTES:
                raise InputError(
                    f"The picture {name} in {self.path} is too large.",
                    why=f"it unpacks to {size:,} bytes; at most {MAX_PICTURE_BYTES:,} are accepted",
                    todo="leave it out",
                )
            return self.archive.open(entry)
        except UNREADABLE as error:
            raise InputError(
                f"The picture {name} in {self.path} cannot be read.", why=str(error)
            ) from error

    def folders_in(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the folders that lie in one directly, sorted."""
        return sorted(one for one in self.folders if one.parent == folder and one != folder)

    def inside(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the pictures in a folder and below it, sorted."""
        return [picture for picture in self.pictures if folder in picture.parents]


@contextmanager
def open_pictures(path: Path, todo: str) -> Iterator[PictureSet]:
    """Yield the pictures of a folder or of a zip file, which is read in place.

    Hidden files, and names that lead out of the archive, are left out.

    Args:
        path: The folder or zip file.
        todo: What the user can do where it is none.

    Raises:
        InputError: It is neither, or damaged.
    """
    if path.is_dir():
        yield _sorted(path, *_walked(path))
        return
    check_plain(path)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(open_zip(path))
        except UNREADABLE as error:
            why = error.strerror if isinstance(error, OSError) else None
            raise InputError(
                "The pictures cannot be read.",
                where=str(path),
                why=why or "It is not a zip file, or is damaged.",
                todo=todo,
            ) from error
        files: dict[PurePosixPath, zipfile.ZipInfo] = {}
        folders: set[PurePosixPath] = set()
        for entry in archive.infolist():
            name = PurePosixPath(entry.filename)
            if name.is_absolute() or ".." in name.parts:
                continue
            if is_folder(entry):
                folders.add(name)
            else:
                files[name] = entry
            folders.update(name.parents)
        yield _sorted(path, files, folders, archive)


def _sorted(
    path: Path,
    files: Mapping[PurePosixPath, zipfile.ZipInfo] | Set[PurePosixPath],
    folders: set[PurePosixPath],
    archive: zipfile.ZipFile | None = None,
) -> PictureSet:
    pictures = sorted(one for one in files if _is_picture(one))
    shown = frozenset(one for one in folders if not _is_hidden(one)) | {PurePosixPath()}
    entries = files if isinstance(files, Mapping) else {}
    return PictureSet(path, tuple(pictures), shown, archive, entries)


def _walked(root: Path) -> tuple[set[PurePosixPath], set[PurePosixPath]]:
    """Return the files and the folders below a folder; links to folders are followed once.

    Raises:
        OSError: A folder cannot be read.
    """
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    seen: set[str] = set()
    for place, inner, names in os.walk(root, onerror=_raise, followlinks=True):
        here = PurePosixPath(Path(place).relative_to(root).as_posix())
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if os.path.realpath(place) in seen:
            inner.clear()
            continue
        seen.add(os.path.realpath(place))
        folders.add(here)
        files.update(here / name for name in names)
    return files, folders


def _raise(error: OSError) -> None:
    raise error


def _is_picture(name: PurePosixPath) -> bool:
    return name.suffix.lower() in SUFFIXES and not _is_hidden(name)


def _is_hidden(name: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == _NOT_PICTURES for part in name.parts)
