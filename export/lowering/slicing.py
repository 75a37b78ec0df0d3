"""Which elements of a tensor Slice and Pad keep or repeat, axis by axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, Values


def sliced(values: Values[Any], node: ir.Node, shape: Shape) -> dict[int, range]:
    """Return axis -> the indices of the elements that a Slice keeps, where it cuts.

    Args:
        values: What is known before running.
        node: The Slice.
        shape: Of its input.

    Raises:
        Unsupported: Nothing is left, or the graph computes where it cuts.
    """
    starts = attributes.integers_anywhere(values, node, "starts", 1) or []
    ends = attributes.integers_anywhere(values, node, "ends", 2) or []
    axes = attributes.integers_anywhere(values, node, "axes", 3)
    steps = attributes.integers_anywhere(values, node, "steps", 4) or [1] * len(starts)
    places: dict[int, range] = {}
    for axis, start, end, step in zip(
        axes if axes is not None else range(len(starts)), starts, ends, steps, strict=True
    ):
        extent = shape[axis]
        # Python's slices follow ONNX's rules, except for a start before the first element.
        kept = range(extent)[max(start, -extent) : end : step]
        if len(kept) == 0:
            raise Unsupported("a slice without elements")
        places[axis % len(shape)] = kept
    return places


def border_of(values: Values[Any], node: ir.Node, rank: int) -> list[tuple[int, int]]:
    """Return how many elements a Pad puts before and after each axis; negative ones it cuts off."""
    pads = attributes.integers_anywhere(values, node, "pads", 1) or []
    axes = attributes.integers_anywhere(values, node, "axes", 3)
    axes = list(range(rank)) if axes is None else axes
    border = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        border[axis % rank] = (pads[i], pads[i + len(axes)])
    return border


def cut_off(x: ir.Value, shape: Shape, border: Sequence[tuple[int, int]]) -> dict[int, Array]:
    """Return axis -> the indices of the elements that a border leaves, where it is negative.

    Raises:
        Unsupported: It leaves nothing.
    """
    kept = {
        axis: np.arange(max(-before, 0), shape[axis] - max(-after, 0))
        for axis, (before, after) in enumerate(border)
        if before < 0 or after < 0
    }
    if any(len(indices) == 0 for indices in kept.values()):
        raise Unsupported(f"pads that leave nothing of {x.name}")
    return kept


def mirrored(shape: Shape, border: Sequence[tuple[int, int]], mode: str) -> dict[int, Array]:
    """Return axis -> the indices of the elements along it with its border, where it has one.

    Args:
        shape: Of what gets the border.
        border: Elements before and after each axis.
        mode: Of ONNX's Pad, but for ``constant``.

    Raises:
        Unsupported: The border is negative, or wider than there are elements to reflect.
    """
    places: dict[int, Array] = {}
    for axis, (before, after) in enumerate(border):
        if min(before, after) < 0:
            raise Unsupported(f"Pad with mode {mode} and negative pads")
        if mode == "reflect" and max(before, after) >= shape[axis]:
            raise Unsupported(f"Pad with mode reflect by {max(before, after)} of {shape[axis]}")
        if before or after:
            indices: Array = np.pad(np.arange(shape[axis]), (before, after), mode)  # type: ignore[call-overload]
            places[axis] = indices
    return places
