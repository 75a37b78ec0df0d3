"""The files that a .tflite file carries at its end, as a zip file behind the FlatBuffer."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from _edgeship.errors import InputError
from _edgeship.zips import UNREADABLE, open_zip

#: The first time that a zip file can name: equal files give equal bytes.
_DATE = (1980, 1, 1, 0, 0, 0)

_READABLE = 0o100644 << 16
_UNIX = 3

#: The most files that are looked at, and bytes that are read of all.
_MOST_FILES = 1_000
_MOST_BYTES = 16 * 2**20


def attach(data: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return a file with others at its end, uncompressed, as readers of metadata want them.

    Args:
        data: A .tflite file with none.
        files: Name -> content.
    """
    if not files:
        return data
    end = io.BytesIO(data)
    with zipfile.ZipFile(end, "a", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, files[name])
    return end.getvalue()


@dataclass(frozen=True)
class Attached:
    """A file at the end of another.

    Attributes:
        size: Bytes.
        content: They themselves, or the first of them, where all files together have very many.
        compressed: Whether it is stored in a way that MediaPipe and Android's readers refuse.
    """

    size: int
    content: bytes
    compressed: bool


def attached(data: bytes) -> dict[str, Attached]:
    """Return the files at the end of a .tflite file: name -> file; none where there is no zip.

    Raises:
        InputError: There is a zip, but a damaged one.
    """
    archive = io.BytesIO(data)
    if not zipfile.is_zipfile(archive):
        return {}
    try:
        with open_zip(archive) as opened:
            entries = opened.infolist()
            if len(entries) > _MOST_FILES:
                raise ValueError(f"it names more than {_MOST_FILES:,} files")
            found: dict[str, Attached] = {}
            left = _MOST_BYTES
            for entry in entries:
                found[entry.filename] = one = _read(opened, entry, left)
                left -= len(one.content)
            return found
    except UNREADABLE as error:
        raise InputError(
            "The files at the end of this file cannot be read.",
            where="the zip behind the network",
            why=str(error) or f"it is damaged ({type(error).__name__})",
        ) from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Attached:
    with archive.open(entry) as opened:
        content = opened.read(most)
    return Attached(entry.file_size, content, entry.compress_type != zipfile.ZIP_STORED)
