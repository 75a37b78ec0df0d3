"""A checkpoint as a file, before anything is read out of it: no torch here."""

from __future__ import annotations

import hashlib
from pathlib import Path

from _edgeship.errors import InputError

_CHUNK_BYTES = 1 << 20


def check_readable(path: Path) -> None:
    """Check that a checkpoint is a file that can be opened.

    Raises:
        InputError: It is not.
    """
    if not path.is_file():
        raise _unreadable(
            path, "It is not a regular file." if path.exists() else "There is no such file."
        )
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a checkpoint, in hexadecimal.

    Raises:
        InputError: The file cannot be read.
    """
    check_readable(path)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    return digest.hexdigest()


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        "The checkpoint cannot be read.",
        where=str(path),
        why=why,
        todo="Give the path of a .pth, .pt or .safetensors file that you may read.",
    )
