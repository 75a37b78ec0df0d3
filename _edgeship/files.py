"""Reading the files that a command is given."""

from __future__ import annotations

import hashlib
from pathlib import Path

from _edgeship.errors import InputError

_CHUNK_BYTES = 1 << 20

#: Protocol buffers and FlatBuffers end here; what is larger is no file of a network.
MOST_BYTES = 2**31


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, reading it in pieces.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check_plain(path: Path) -> None:
    """Check that a path that exists leads to a file: pipes never answer, and devices never end.

    Raises:
        InputError: It leads to something else.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise InputError(f"{path} is {kind}, not a file.", todo="copy its content to a file")


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: It does not exist, is no plain file, is too large, or may not be read.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a file.", todo="name a file in it")
    check_plain(path)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"{path} is too large.", why=f"it has {size:,} bytes; {MOST_BYTES:,} is the most"
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", todo="check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
