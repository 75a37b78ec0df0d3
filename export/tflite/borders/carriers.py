"""Operators that work on every place of an image by itself, and so carry added elements along."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import shape_of, static_shape
from _edgeship.export.passes.channel_moves import integers
from _edgeship.export.tflite.borders.windows import axes_of

#: Functions of one number; what else they read must be one number.
_FUNCTIONS = {
    *("Abs", "Ceil", "Clip", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish"),
    *("Identity", "LeakyRelu", "Log", "Mish", "Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign"),
    *("Softplus", "Softsign", "Sqrt", "Tanh"),
}
_ARITHMETIC = {"Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub", "Sum"}

#: Axes in front of those of an image: batch and channels.
_FRONT = 2


def carried(node: ir.Node) -> list[ir.Value] | None:
    """Return what must have grown for the results of a node to have grown alike.

    Args:
        node: A node of a graph with static shapes.

    Returns:
        Values whose images are as large as those of the results; None if the node works on more
        than one place at a time, or reads a constant of such a size.
    """
    shapes = [static_shape(value) for value in (*node.inputs[:1], *node.outputs)]
    ranks = {0 if shape is None else len(shape) for shape in shapes}
    if ranks not in ({3}, {4}) or not node.inputs:
        return None
    rank, kind = ranks.pop(), node.op_type
    first = node.inputs[:1]
    if kind in _ARITHMETIC or (kind == "Concat" and _is_front(integer(node, "axis", 0), rank)):
        return _images(node, node.inputs)
    if kind in _FUNCTIONS and all(_is_number(value) for value in node.inputs[1:]):
        return _images(node, first)
    if kind == "Split" and _is_front(integer(node, "axis", 0), rank):
        return _images(node, first)
    if kind == "Slice" and all(_is_front(axis, rank) for axis in _sliced(node, rank)):
        return _images(node, first)
    return _images(node, first) if is_pointwise(node) else None


def is_pointwise(node: ir.Node) -> bool:
    """Return whether a node is a convolution of one tap, without a stride or a border."""
    axes = axes_of(node) if node.op_type == "Conv" else None
    return axes is not None and all(
        (axis.kernel, axis.stride, axis.before, axis.result) == (1, 1, 0, axis.extent)
        for axis in axes
    )


def _is_front(axis: int, rank: int) -> bool:
    return axis % rank < _FRONT


def _is_number(value: ir.Value | None) -> bool:
    return value is None or (value.const_value is not None and value.const_value.size == 1)


def _sliced(node: ir.Node, rank: int) -> list[int]:
    """Return the axes that a Slice works along; all if the graph computes them."""
    axes, starts = integers(node, "axes", 3), integers(node, "starts", 1)
    if axes is None and starts is not None and len(node.inputs) < 4:
        axes = list(range(len(starts)))
    return list(range(rank)) if axes is None else axes


def _images(node: ir.Node, values: Sequence[ir.Value | None]) -> list[ir.Value] | None:
    """Return those values that are as large as the result.

    Others must be of one element along each spatial axis; None if one is not, or is constant.
    """
    image = shape_of(node.outputs[0])[_FRONT:]
    found = []
    for value in values:
        if value is None:
            continue
        shape = shape_of(value)
        spatial = ((1,) * len(image) + shape)[-len(image) :]
        if spatial == image and value.const_value is None and len(shape) == _FRONT + len(image):
            found.append(value)
        elif any(extent != 1 for extent in spatial):
            return None
    return found or None
