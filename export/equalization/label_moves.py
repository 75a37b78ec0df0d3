"""What operators that only move elements do to labels of these elements.

Labels of a value are an array that broadcasts to its shape: an axis along which they are all the
same has the extent 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from _edgeship.export.equalization.factors import Labels
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.channel_moves import constant, integers

#: Most elements of a value whose labels are moved.
_MOST_ELEMENTS = 1 << 24


def moved(node: ir.Node, labels: Labels) -> list[Labels] | None:
    """Return the labels of each output of a node; None if it does not just move elements.

    Args:
        node: With static shapes.
        labels: Of its first input, one axis for each of the input's.
    """
    shape, move = static_shape(node.inputs[0]), _MOVES.get(node.op_type)
    if move is None or shape is None or math.prod(shape) > _MOST_ELEMENTS:
        return None
    found = move(node, np.broadcast_to(labels, shape))
    return None if found is None else [compact(one) for one in found]


def compact(labels: Labels) -> Labels:
    """Return labels with the extent 1 along each axis on which they are all the same."""
    for axis in range(labels.ndim):
        if labels.shape[axis] > 1:
            first = labels[(slice(None),) * axis + (slice(1),)]
            if labels.strides[axis] == 0 or (labels == first).all():
                labels = first
    return labels


def _shaped(node: ir.Node, labels: Labels) -> list[Labels] | None:
    shape = static_shape(node.outputs[0])
    if shape is None or math.prod(shape) != labels.size:
        return None
    return [labels.reshape(shape)]


def _transpose(node: ir.Node, labels: Labels) -> list[Labels] | None:
    order = integers(node, "perm", len(node.inputs)) or list(reversed(range(labels.ndim)))
    return [labels.transpose(order)]


def _slice(node: ir.Node, labels: Labels) -> list[Labels] | None:
    starts, ends = integers(node, "starts", 1), integers(node, "ends", 2)
    if starts is None or ends is None:
        return None
    axes = integers(node, "axes", 3) or list(range(len(starts)))
    steps = integers(node, "steps", 4) or [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        picked = range(labels.shape[axis])[slice(start, end, step)]
        labels = np.take(labels, list(picked), axis=axis)
    return [labels]


def _split(node: ir.Node, labels: Labels) -> list[Labels] | None:
    shapes = [static_shape(output) for output in node.outputs]
    axis = integer(node, "axis", 0)
    ends = np.cumsum([0 if shape is None else shape[axis] for shape in shapes])
    return None if None in shapes else np.split(labels, ends[:-1], axis=axis)


def _gather(node: ir.Node, labels: Labels) -> list[Labels] | None:
    picked = constant(node.inputs[1])
    if picked is None:
        return None
    return [np.take(labels, picked.astype(np.int64), axis=integer(node, "axis", 0))]


_MOVES: dict[str, Callable[[ir.Node, Labels], list[Labels] | None]] = {
    "Flatten": _shaped,
    "Gather": _gather,
    "Reshape": _shaped,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _shaped,
    "Transpose": _transpose,
    "Unsqueeze": _shaped,
}
