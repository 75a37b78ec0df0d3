"""Reading the files that a command is given."""

from __future__ import annotations

from pathlib import Path

from _edgeship.errors import InputError


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: It does not exist, is a folder, or may not be read.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a file.", todo="name a file in it")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", todo="check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
