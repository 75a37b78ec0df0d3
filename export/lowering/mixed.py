"""Outputs that join numbers of different sizes, such as boxes in pixels and scores of 0 to 1.

In one scale of 8 bits, all scores would be one number, and of 16 bits a hundred. An output of
float32 needs no scale, so the parts are dequantized each with its own, and joined in float.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=Hashable)

#: Ranges this many times apart are not joined: the narrow one would lose two bits.
TOO_WIDE = 4.0


def _not_scaled(value: Value) -> tuple[Value | None, bool]:
    """Return that a value is not computed from another and a constant."""
    return None, False


def mixed_values(
    outputs: Iterable[Value],
    moved: Callable[[Value], Sequence[Value]],
    width: Callable[[Value], float],
    scaled: Callable[[Value], tuple[Value | None, bool]] = _not_scaled,
) -> list[Value]:
    """Return the values between the outputs of a graph and what of different ranges is in them.

    Args:
        outputs: Of the graph.
        moved: Returns what a value holds the elements of, if it is computed by moving elements
            and nothing else, and if ranges of those are known; nothing for any other value.
        width: Returns how many real units the range of a value spans.
        scaled: Returns what a value is computed from, if that is one value and a constant, and
            whether the constant gives parts of it different sizes.

    Returns:
        Joined values, with what is made of them by moving and scaling elements, from the outputs
        backwards.
    """
    known: dict[Value, tuple[float, float]] = {}
    judged: dict[Value, bool] = {}

    def ends(value: Value) -> tuple[float, float]:
        """Return the narrowest and the widest range of what a value is joined from."""
        if value not in known:
            parts = [ends(part) for part in moved(value)] or [(width(value),) * 2]
            # What was zero throughout says nothing.
            widths = [part for part in parts if part[1] > 0.0] or [(0.0, 0.0)]
            known[value] = min(part[0] for part in widths), max(part[1] for part in widths)
        return known[value]

    def mixed(value: Value) -> bool:
        if value not in judged:
            source, uneven = scaled(value)
            if source is not None:
                judged[value] = uneven or mixed(source)
            else:
                narrow, wide = ends(value)
                far = 0.0 < TOO_WIDE * narrow <= wide
                judged[value] = far or any(mixed(part) for part in moved(value))
        return judged[value]

    found: dict[Value, None] = {}
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if value not in found and mixed(value):
            found[value] = None
            source, _ = scaled(value)
            waiting += moved(value) if source is None else [source]
    return list(found)


def uneven(factors: NDArray[Any]) -> bool:
    """Return whether a product with these factors has parts of different sizes."""
    sizes = np.abs(factors[factors != 0])
    return bool(sizes.size and sizes.max() >= TOO_WIDE * sizes.min())
