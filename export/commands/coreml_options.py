"""The options that say how an .mlpackage is written, checked before anything is imported."""

from __future__ import annotations

from typing import Literal, cast

from _edgeship.terminal.words import one_of


def parse_io(text: str) -> Literal["tensor", "image"]:
    """Return what a file or a package takes, as ``--io`` says.

    Raises:
        InputError: It is neither tensor nor image.
    """
    [io] = one_of((text.lower(),), ("tensor", "image"), "kind of input", "--io")
    return cast("Literal['tensor', 'image']", io)
