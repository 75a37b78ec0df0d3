"""Reading an archive of anybody's: what that may raise, what entries are, and how many are read."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from _edgeship.errors import InputError

#: Of zip files that are damaged, encrypted, packed by a method that is not known, or that promise
#: numbers beyond 64 bits, names in no known encoding, or more memory than there is.
UNREADABLE = (
    *(OSError, BadZipFile, RuntimeError, NotImplementedError, ValueError, OverflowError, EOFError),
    *(MemoryError, zlib.error, lzma.LZMAError, struct.error),
)

#: The longest list of entries that is read, in bytes. An entry takes 46 and its name, and half a
#: kilobyte of memory once it is read. The 1.3 million pictures of ImageNet take 106 each.
MOST_LISTED_BYTES = 2**28


def is_folder(entry: ZipInfo) -> bool:
    """Return whether an entry is a folder; its own method raises IndexError without a name."""
    return entry.filename.endswith("/")


@contextmanager
def open_zip(source: Path | IO[bytes]) -> Iterator[ZipFile]:
    """Yield an archive, whose list of entries has been read.

    Args:
        source: A path, or a file that is open, and stays so.

    Raises:
        InputError: The list is implausibly long; it has not been read.
        Exception: One of `UNREADABLE`.
    """
    with ExitStack() as stack:
        if isinstance(source, Path):
            file = _Listed(stack.enter_context(source.open("rb")), str(source))
        else:
            file = _Listed(source, "An archive")
        with ZipFile(file) as archive:
            file.most = None
            yield archive


class _Listed:
    """A file of which little is read at once until the list of entries, read at once, is known."""

    def __init__(self, file: IO[bytes], called: str) -> None:
        self._file = file
        self._called = called
        self.most: int | None = MOST_LISTED_BYTES

    def read(self, size: int = -1) -> bytes:
        if self.most is not None and size > self.most:
            raise InputError(
                f"{self._called} lists too many files.",
                why=f"the list takes {size:,} bytes; {self.most:,} is the most",
                todo="divide it into several archives",
            )
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
