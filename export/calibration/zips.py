"""Reading an archive of anybody's: what that may raise, and what entries are."""

from __future__ import annotations

import lzma
import struct
import zlib
from zipfile import BadZipFile, ZipInfo

#: Of zip files that are damaged, encrypted, packed by a method that is not known, or that promise
#: numbers beyond 64 bits, names in no known encoding, or more memory than there is.
UNREADABLE = (
    *(OSError, BadZipFile, RuntimeError, NotImplementedError, ValueError, OverflowError, EOFError),
    *(MemoryError, zlib.error, lzma.LZMAError, struct.error),
)


def is_folder(entry: ZipInfo) -> bool:
    """Return whether an entry is a folder; its own method raises IndexError without a name."""
    return entry.filename.endswith("/")
