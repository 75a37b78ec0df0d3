"""What a joined tensor is made of along one axis, read from the graph's structure.

Detectors end by joining what belongs to one box: its corners, how likely it holds anything, how
likely each class is. The walk goes back from the joined tensor through whatever only moves or
scales numbers, to the places where they were joined.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import onnx_ir as ir

from _edgeship.export.detection.nodes import (
    RESHAPING,
    concat_axis,
    operand,
    order_of,
    same_axis,
    slice_start,
    split_start,
)
from _edgeship.export.graph.shapes import shape_of, static_shape

#: What the numbers are: from 0 to 1, numbers of classes, or anything else.
Kind = Literal["scores", "labels", ""]


@dataclass(frozen=True)
class Segment:
    """Neighbours along an axis that have one origin.

    Attributes:
        width: How many they are.
        kind: What they are.
    """

    width: int
    kind: Kind = ""


#: Operators whose results lie between 0 and 1, wherever they are read.
_PROBABLE = ("Sigmoid", "HardSigmoid", "Softmax")

#: Operators of one input that leave numbers between 0 and 1 as they are.
_KEEPING = ("Identity", "Cast", "Clip", "Relu", "Dropout")

#: Other operators of one input that compute each number from the one at its place.
_UNARY = ("Abs", "Ceil", "Exp", "Floor", "LeakyRelu", "Log", "Neg", "Round", "Sqrt", "Tanh")

#: Operators of two inputs, likewise -> the constant that changes nothing as second input.
BINARY: dict[str, float | None] = {
    "Add": 0.0,
    "Div": 1.0,
    "Max": None,
    "Min": None,
    "Mul": 1.0,
    "Pow": 1.0,
    "Sub": 0.0,
}

#: Those of two inputs that keep numbers between 0 and 1 there, if both inputs are.
_TOGETHER = ("Max", "Min", "Mul")

#: Operators whose results are whole numbers that name things.
_NAMING = ("ArgMax", "ArgMin", "Mod")

UNARY = (*_PROBABLE, *_KEEPING, *_UNARY)


class Segments:
    """The segments of values of one graph, each found once."""

    def __init__(self) -> None:
        self._found: dict[tuple[ir.Value, int], tuple[Segment, ...]] = {}

    def of(self, value: ir.Value, axis: int) -> tuple[Segment, ...]:
        """Return the segments of a value along an axis, in order.

        Args:
            value: Its shape is static, as are those of all values before it.
            axis: Counted from 0.

        Returns:
            At least one segment; the widths sum up to the extent of the axis.
        """
        key = (value, axis)
        if key not in self._found:
            self._found[key] = (Segment(shape_of(value)[axis]),)  # should it lead back to itself
            self._found[key] = self._segments(value, axis)
        return self._found[key]

    def _segments(self, value: ir.Value, axis: int) -> tuple[Segment, ...]:
        node = value.producer()
        leaf = (Segment(shape_of(value)[axis]),)
        if node is None or any(static_shape(one) is None for one in node.inputs if one is not None):
            return leaf
        walk = _WALKS.get(node.op_type)
        return leaf if walk is None else walk(self, node, value, axis)


def _concat(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    operands = [one for one in node.inputs if one is not None]
    found = [segments.of(one, axis) for one in operands]
    if concat_axis(node) == axis:
        return tuple(segment for part in found for segment in part)
    return refined(found)


def _transpose(
    segments: Segments, node: ir.Node, value: ir.Value, axis: int
) -> tuple[Segment, ...]:
    return segments.of(operand(node), order_of(node)[axis])


def _reshape(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    own = same_axis(shape_of(operand(node)), shape_of(value), axis)
    if own is not None:
        return segments.of(operand(node), own)
    return (Segment(shape_of(value)[axis], _kind_of_all(segments, operand(node))),)


def _probable(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    return (Segment(shape_of(value)[axis], "scores"),)


def _naming(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    return (Segment(shape_of(value)[axis], "labels"),)


def _keeping(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    found = segments.of(operand(node), axis)
    whole = operand(node).dtype in (ir.DataType.INT32, ir.DataType.INT64)
    return tuple(replace(one, kind="labels") for one in found) if whole else found


def _unary(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    return tuple(replace(one, kind="") for one in segments.of(operand(node), axis))


def _binary(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    rank, extent = len(shape_of(value)), shape_of(value)[axis]
    found = []
    for number, one in enumerate(node.inputs):
        own = axis - rank + len(shape_of(one))
        if one is None:
            continue
        if one.const_value is not None:
            found.append(_neutral(node, number, one, own, extent))
        elif own >= 0 and shape_of(one)[own] == extent:
            found.append(segments.of(one, own))
        else:
            found.append((Segment(extent, _kind_of_all(segments, one)),))
    joined = refined(found)
    if node.op_type in _TOGETHER or any(
        one is not None and one.const_value is not None for one in node.inputs
    ):
        return joined
    return tuple(replace(one, kind="") for one in joined)


def _neutral(
    node: ir.Node, number: int, constant: ir.Value, axis: int, extent: int
) -> tuple[Segment, ...]:
    """Return runs of a constant that change nothing, which keep what the other operand is."""
    array = constant.const_value.numpy() if constant.const_value is not None else np.zeros(0)
    same = BINARY[node.op_type]
    if same is None or (number == 0 and node.op_type not in ("Add", "Mul")):
        neutral = np.zeros(extent, bool)
    elif axis < 0 or array.shape[axis] == 1:
        neutral = np.full(extent, bool((array == same).all()))
    else:
        others = tuple(one for one in range(array.ndim) if one != axis)
        neutral = (array == same).all(axis=others)
    edges = [0, *(np.flatnonzero(np.diff(neutral)) + 1).tolist(), extent]
    return tuple(
        Segment(end - start, "scores" if neutral[start] else "")
        for start, end in itertools.pairwise(edges)
    )


def _kind_of_all(segments: Segments, value: ir.Value) -> Kind:
    """Return what all numbers of a value are, wherever they lie."""
    for axis in range(len(shape_of(value))):
        kinds = {one.kind for one in segments.of(value, axis)}
        if len(kinds) == 1 and (kind := kinds.pop()):
            return kind
    return ""


def _slice(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    start = slice_start(node, axis)
    if start is None:
        return (Segment(shape_of(value)[axis]),)
    return clipped(segments.of(operand(node), axis), start, start + shape_of(value)[axis])


def _split(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    start = split_start(node, value, axis)
    return clipped(segments.of(operand(node), axis), start, start + shape_of(value)[axis])


def _picked(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    """Return the segments of what is picked along another axis."""
    data, shape = operand(node), shape_of(value)
    if len(shape_of(data)) == len(shape) and shape_of(data)[axis] == shape[axis]:
        return segments.of(data, axis)
    return (Segment(shape[axis], _kind_of_all(segments, data)),)


def _top(segments: Segments, node: ir.Node, value: ir.Value, axis: int) -> tuple[Segment, ...]:
    if value is node.outputs[1]:
        return (Segment(shape_of(value)[axis], "labels"),)
    return _picked(segments, node, value, axis)


_Walk = Callable[[Segments, ir.Node, ir.Value, int], tuple[Segment, ...]]

_WALKS: dict[str, _Walk] = {
    "Concat": _concat,
    "Transpose": _transpose,
    "Slice": _slice,
    "Split": _split,
    "GatherElements": _picked,
    "ReduceMax": _picked,
    "TopK": _top,
    **dict.fromkeys(RESHAPING, _reshape),
    **dict.fromkeys(_PROBABLE, _probable),
    **dict.fromkeys(_NAMING, _naming),
    **dict.fromkeys(_KEEPING, _keeping),
    **dict.fromkeys(_UNARY, _unary),
    **dict.fromkeys(BINARY, _binary),
}


def refined(found: Sequence[Sequence[Segment]]) -> tuple[Segment, ...]:
    """Return segments that end wherever one of several rows of segments ends.

    What all rows call scores are scores, and what all call labels are labels.
    """
    ends = sorted({end for row in found for end in _ends(row)})
    result = []
    start = 0
    for end in ends:
        kinds = {clipped(row, start, end)[0].kind for row in found}
        result.append(Segment(end - start, kinds.pop() if len(kinds) == 1 else ""))
        start = end
    return tuple(result)


def clipped(found: Sequence[Segment], start: int, end: int) -> tuple[Segment, ...]:
    """Return what of the segments lies between two places."""
    result = []
    place = 0
    for one in found:
        width = min(place + one.width, end) - max(place, start)
        if width > 0:
            result.append(replace(one, width=width))
        place += one.width
    return tuple(result)


def _ends(found: Sequence[Segment]) -> list[int]:
    return list(itertools.accumulate(one.width for one in found))
