"""The options that say how an .mlpackage is written, checked before anything is imported."""

from __future__ import annotations

from typing import Literal, cast

from _edgeship.errors import InputError
from _edgeship.terminal.words import one_of

#: The most shapes that Core ML lets an input have.
_MOST_SHAPES = 128


def parse_batches(text: str) -> tuple[int, ...]:
    """Return sizes of batches from small to large, 1 among them.

    Raises:
        InputError: They are no whole numbers from 1 on, or too many.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 0 < int(part) < 10**6 for part in parts):
        raise InputError(
            f"--batch {text} is no list of sizes.",
            todo="give whole numbers from 1 on: --batch 4,16",
        )
    sizes = sorted({1, *map(int, parts)})
    if len(sizes) > _MOST_SHAPES:
        raise InputError(f"--batch names more than {_MOST_SHAPES} sizes, which Core ML refuses.")
    return tuple(sizes)


def parse_io(text: str) -> Literal["tensor", "image"]:
    """Return what a file or a package takes, as ``--io`` says.

    Raises:
        InputError: It is neither tensor nor image.
    """
    [io] = one_of((text.lower(),), ("tensor", "image"), "kind of input", "--io")
    return cast("Literal['tensor', 'image']", io)
