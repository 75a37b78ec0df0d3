"""A checkpoint as a file, before anything is read out of it: no torch here."""

from __future__ import annotations

from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.files import sha256_of


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
    try:
        return sha256_of(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        "The checkpoint cannot be read.",
        where=str(path),
        why=why,
        todo="Give the path of a .pth, .pt or .safetensors file that you may read.",
    )
