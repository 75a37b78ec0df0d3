"""Where a store is: a file, or a database that PostgreSQL serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from _edgeship.errors import InputError
from _edgeship.terminal.passwords import without_passwords

# As SQLAlchemy writes it. Others have used the first two for long.
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_DRIVER = "postgresql+psycopg"

_FORM = "postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True)
class Place:
    """Where a store is; its text is safe to print, since it has no password.

    Attributes:
        path: The SQLite file; None if a server keeps the store.
        url: The database as SQLAlchemy takes it, with its password; "" for a file.
    """

    path: Path | None
    url: str = field(default="", repr=False)

    def __str__(self) -> str:
        return without_passwords(self.url) if self.path is None else str(self.path)

    @property
    def exists(self) -> bool:
        """Whether there may be a store; only the server knows whether it has one."""
        return self.path is None or self.path.is_file()


def place_of(word: str | Path | Place) -> Place:
    """Return the place that a word of the command line names.

    Args:
        word: The path of a file, or a URL such as ``postgresql://user@host/database``, which means
            psycopg 3 with and without ``+psycopg``.

    Raises:
        InputError: The URL is of another kind, or names no database.
    """
    if isinstance(word, Place):
        return word
    if isinstance(word, Path) or "://" not in word:
        return Place(Path(word))
    scheme, _, rest = word.partition("://")
    shown = without_passwords(word)
    if scheme not in _POSTGRESQL:
        raise InputError(
            f"--store {shown} is of a kind that is not known.",
            why=f"{scheme} is neither a file nor PostgreSQL with psycopg 3",
            todo=f"name a file, or {_FORM}",
        )
    try:
        parts = urlsplit(word)
        parts.port  # noqa: B018 - a port that is no number is found only when it is asked for
    except ValueError as error:
        raise InputError(f"--store {shown} is no URL.", why=str(error), todo=_FORM) from error
    if parts.netloc.count("@") > 1:
        raise InputError(
            f"--store {shown} has more than one @.",
            todo="write %40 for each @ of the password; or leave the password out, and keep it in "
            "~/.pgpass",
        )
    if not parts.path.strip("/"):
        raise InputError(f"--store {shown} names no database.", todo=_FORM)
    return Place(None, f"{_DRIVER}://{rest}")
