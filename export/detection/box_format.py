"""Whether the four numbers of a box are two corners, or its middle and its size."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.detection.nodes import RESHAPING, concat_axis, operand, order_of, same_axis
from _edgeship.export.graph.shapes import shape_of

#: What the second half of a box comes out of where it is a size.
_OF_SIZES = ("Clip", "Exp", "Mul", "Pow", "Relu", "Sigmoid", "Softplus", "Sqrt", "Sub")

#: What scales a number, if by a constant.
_SCALING = ("Div", "Mul")

#: How many of the boxes must have their corners in order for corners to be what they are.
_MOST = 0.999


def are_corners(value: ir.Value, axis: int, rows: NDArray[np.float32]) -> bool:
    """Return whether boxes are left, top, right, bottom; else middle x, middle y, width, height.

    The structure tells where a Concat puts the two halves together: a right end is something added
    to where the cell is, and a size is an Exp, a square, or the difference of two ends. Where it
    does not tell, the numbers have to.

    Args:
        value: The boxes.
        axis: That of their four numbers.
        rows: Boxes of pictures (N, 4).
    """
    half = _second_half(value, axis)
    node = None if half is None else _unscaled(half).producer()
    if node is not None and node.op_type == "Add":
        return True
    if node is not None and node.op_type in _OF_SIZES:
        return False
    ordered = (rows[:, 2] >= rows[:, 0]) & (rows[:, 3] >= rows[:, 1])
    return bool(ordered.mean() >= _MOST)


def _second_half(value: ir.Value, axis: int) -> ir.Value | None:
    """Return what the last of the four numbers is computed as, if a Concat puts it there."""
    value = _unscaled(value)
    node = value.producer()
    if node is None:
        return None
    if node.op_type == "Concat":
        last = operand(node) if node.inputs[-1] is None else node.inputs[-1]
        return last if concat_axis(node) == axis else _second_half(last, axis)
    if node.op_type == "Identity":
        return _second_half(operand(node), axis)
    if node.op_type == "Transpose":
        return _second_half(operand(node), order_of(node)[axis])
    if node.op_type in RESHAPING:
        same = same_axis(shape_of(operand(node)), shape_of(value), axis)
        return None if same is None else _second_half(operand(node), same)
    return None


def _unscaled(value: ir.Value) -> ir.Value:
    """Return what constants scale to a value."""
    node = value.producer()
    while node is not None and node.op_type in _SCALING:
        factors = [one for one in node.inputs if one is not None and one.const_value is None]
        if len(factors) != 1:
            return value
        [value] = factors
        node = value.producer()
    return value
