"""A batch that the app chooses: the file says -1 where a shape follows from its input's.

TFLite's interpreter lets an app give the inputs another shape before it allocates. Most operators
follow, but RESHAPE and SLICE hold shapes of their own, which are made to follow here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options


def open_batch(graph: TfliteGraph, inputs: Collection[int]) -> None:
    """Let the first axis of inputs be of any extent, in place.

    Shapes that hold it, in operators and in tensors' signatures, become -1 there. Whether the
    graph then computes the same for each entry of a batch must be seen by running it.

    Args:
        graph: A graph for batches of 1.
        inputs: The tensors whose first axis is the batch.

    Raises:
        Unsupported: An operator joins, splits, reduces or fixes the batch.
    """
    where: dict[int, int] = {}
    for index in inputs:
        if graph.tensors[index].shape[:1] != (1,):
            raise Unsupported(f"{graph.tensors[index].name} does not have a batch of 1")
        where[index] = 0
    for op in graph.ops:
        found = [(number, where[i]) for number, i in enumerate(op.inputs) if i in where]
        if found:
            axes = _axes(graph, op, found)
            where.update(zip(op.outputs, axes, strict=True))
    for index, axis in where.items():
        shape = graph.tensors[index].shape
        graph.tensors[index].signature = (*shape[:axis], -1, *shape[axis + 1 :])


#: Positions among an operator's inputs, and the axis of the batch of each.
_Found = list[tuple[int, int]]
_Rule = Callable[[TfliteGraph, Op, int], int]


def _axes(graph: TfliteGraph, op: Op, found: _Found) -> list[int]:
    """Return the axis of the batch in each output of an operator.

    Raises:
        Unsupported: It does not go through.
    """
    shapes = [graph.tensors[index].shape if index >= 0 else () for index in op.inputs]
    result = graph.tensors[op.outputs[0]].shape
    if op.kind in _BROADCASTING:
        axes = {len(result) - len(shapes[number]) + axis for number, axis in found}
        return [_only(op, axes)]
    if op.kind == "GATHER":
        return [_gathered(graph, op, dict(found))]
    if op.kind == "CONCATENATION":
        axis = _only(op, {axis for _, axis in found})
        if len(found) < len(op.inputs) or op.options.axis == axis:
            raise _refusal(op)
        return [axis]
    if op.kind == "BATCH_MATMUL":
        axes = {len(result) - len(shapes[number]) + axis for number, axis in found}
        axis = _only(op, axes)
        if axis >= len(result) - 2:
            raise _refusal(op)
        return [axis]
    rule = _RULES.get(op.kind)
    position = 1 if op.kind == "SPLIT" else 0
    if rule is None or [number for number, _ in found] != [position]:
        raise _refusal(op)
    return [rule(graph, op, found[0][1])] * len(op.outputs)


def _refusal(op: Op) -> Unsupported:
    return Unsupported(f"the batch does not go through a {op.kind}")


def _only(op: Op, axes: set[int]) -> int:
    if len(axes) > 1:
        raise _refusal(op)
    return axes.pop()


def _constant(graph: TfliteGraph, op: Op, number: int) -> np.ndarray[Any, np.dtype[Any]]:
    data = graph.tensors[op.inputs[number]].data
    if data is None:
        raise _refusal(op)
    return data


def _kept(graph: TfliteGraph, op: Op, axis: int) -> int:
    return axis


def _first(graph: TfliteGraph, op: Op, axis: int) -> int:
    if axis:
        raise _refusal(op)
    return 0


def _not_last(graph: TfliteGraph, op: Op, axis: int) -> int:
    if axis == len(graph.tensors[op.inputs[0]].shape) - 1:
        raise _refusal(op)
    return axis


def _reshape(graph: TfliteGraph, op: Op, axis: int) -> int:
    before, after = (graph.tensors[index].shape for index in (op.inputs[0], op.outputs[0]))
    for place in range(len(after)):
        if math.prod(after[:place]) == math.prod(before[:axis]):
            shape = (*after[:place], -1, *after[place + 1 :])
            op.inputs[1] = graph.constant("shape", np.asarray(shape, np.int32))
            op.options = options("ReshapeOptions", newShape=np.asarray(shape, np.int32))
            return place
    raise _refusal(op)


def _transpose(graph: TfliteGraph, op: Op, axis: int) -> int:
    return int(_constant(graph, op, 1).tolist().index(axis))


def _slice(graph: TfliteGraph, op: Op, axis: int) -> int:
    begin, size = _constant(graph, op, 1), _constant(graph, op, 2).copy()
    if begin[axis] or size[axis] != graph.tensors[op.inputs[0]].shape[axis]:
        raise _refusal(op)
    size[axis] = -1
    op.inputs[2] = graph.constant("size", size)
    return axis


def _strided_slice(graph: TfliteGraph, op: Op, axis: int) -> int:
    begin, end, strides = (_constant(graph, op, number)[axis] for number in (1, 2, 3))
    if begin or strides != 1 or end < graph.tensors[op.inputs[0]].shape[axis]:
        raise _refusal(op)
    op.options.endMask |= 1 << axis
    return axis


def _untouched(graph: TfliteGraph, op: Op, axis: int) -> int:
    """Pads or multiples, which must leave the batch alone."""
    amounts = _constant(graph, op, 1)[axis]
    if np.any(amounts != (1 if op.kind == "TILE" else 0)):
        raise _refusal(op)
    return axis


def _reduced(graph: TfliteGraph, op: Op, axis: int) -> int:
    axes = [int(a) for a in _constant(graph, op, 1).reshape(-1)]
    if axis in axes:
        raise _refusal(op)
    keeps = getattr(op.options, "keepDims", False)
    return axis if keeps else axis - sum(other < axis for other in axes)


def _along(graph: TfliteGraph, op: Op, axis: int) -> int:
    """The other axis, along which it works, is a constant input."""
    number = 0 if op.kind == "SPLIT" else 1
    if int(_constant(graph, op, number).reshape(-1)[0]) == axis:
        raise _refusal(op)
    return axis


def _fully_connected(graph: TfliteGraph, op: Op, axis: int) -> int:
    shape: Shape = graph.tensors[op.inputs[0]].shape
    if axis == len(shape) - 1 or (axis and not op.options.keepNumDims):
        raise _refusal(op)
    return axis


def _gathered(graph: TfliteGraph, op: Op, found: dict[int, int]) -> int:
    along = op.options.axis
    if len(found) > 1 or found.get(0) == along:
        raise _refusal(op)
    if 1 in found:
        return int(along + found[1])
    added = len(graph.tensors[op.inputs[1]].shape) - 1
    return found[0] if found[0] < along else found[0] + added


_BROADCASTING = {
    *("ADD", "DIV", "EQUAL", "FLOOR_MOD", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"),
    *("LOGICAL_AND", "LOGICAL_OR", "MAXIMUM", "MINIMUM", "MUL", "NOT_EQUAL", "POW"),
    *("SELECT_V2", "SQUARED_DIFFERENCE", "SUB"),
}
_ELEMENTWISE = (
    *("ABS", "BITCAST", "CAST", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH"),
    *("LEAKY_RELU", "LOG", "LOGICAL_NOT", "LOGISTIC", "NEG", "PRELU", "RELU", "RELU6"),
    *("RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT", "SQUARE", "TANH"),
)
_IMAGES = (
    *("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "MAX_POOL_2D"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SPACE_TO_DEPTH"),
)
_REDUCING = (
    *("ARG_MAX", "ARG_MIN", "MEAN", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN"),
    *("REDUCE_PROD", "SUM"),
)
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _kept),
    **dict.fromkeys(_IMAGES, _first),
    **dict.fromkeys(_REDUCING, _reduced),
    **dict.fromkeys(("LOG_SOFTMAX", "SOFTMAX", "TOPK_V2"), _not_last),
    **dict.fromkeys(("MIRROR_PAD", "PAD", "PADV2", "TILE"), _untouched),
    "CUMSUM": _along,
    "FULLY_CONNECTED": _fully_connected,
    "RESHAPE": _reshape,
    "SLICE": _slice,
    "SPLIT": _along,
    "STRIDED_SLICE": _strided_slice,
    "TRANSPOSE": _transpose,
}
