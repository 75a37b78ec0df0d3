"""Writing a report to its file, and the sentence on when it was written."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import InputError
from _edgeship.terminal.words import check_out


def write(path: Path, text: str) -> None:
    """Write a text in UTF-8; until all of it is written, the path keeps what was there before.

    Raises:
        InputError: The folder cannot be written, the disk is full, or the path is a folder.
    """
    check_out(path.parent)
    if path.is_dir():
        raise InputError(f"{path} is a folder.", todo="name a file in it")
    with OutputFolder(path.parent) as folder:
        folder.write(path.name, text.encode())
        folder.publish()


def written_by() -> str:
    """Return the sentence that says when and by which version a report was written."""
    try:
        version = metadata.version("edgeship")
    except metadata.PackageNotFoundError:
        version = "from a checkout that is not installed"
    now = datetime.now(timezone.utc)
    return f"Written {now:%Y-%m-%d %H:%M} UTC by edgeship {version}."
