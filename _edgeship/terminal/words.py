"""Words of the command line checked against what is known, before anything heavy is imported."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from _edgeship.errors import InputError


def words_of(text: str, option: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the words of an option that takes several, with commas between them.

    Raises:
        InputError: There is none.
    """
    words = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    if not words:
        raise InputError(f"{option} is empty.", todo=f"choose from {', '.join(known)}")
    return words


def one_of(
    words: tuple[str, ...], known: Collection[str], noun: str, option: str
) -> tuple[str, ...]:
    """Return the words of an option.

    Raises:
        InputError: One is unknown.
    """
    for word in words:
        if word not in known:
            raise unknown(word, known, noun, option)
    return words


def unknown(word: str, known: Collection[str], noun: str, option: str) -> InputError:
    """Return the error that names what was probably meant."""
    close = difflib.get_close_matches(word, known, n=2)
    return InputError(
        f"There is no {noun} {word!r} for {option}.",
        todo=f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(known)}",
    )


def check_file(path: Path | str, option: str) -> None:
    """Check that an option names a file.

    Raises:
        InputError: There is none.
    """
    path = Path(path)
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"{option} {path}: {path.name or path} {kind}.", todo="check the path")


def check_out(path: Path) -> None:
    """Check that ``--out`` is no file.

    Raises:
        InputError: It is, or a folder on the way to it is.
    """
    for place in (path, *path.parents):
        if place.exists():
            if not place.is_dir():
                raise InputError(
                    f"--out {path}: {place} is a file, not a folder.",
                    todo="choose another folder with --out DIR",
                )
            return
