"""Writing a channel shuffle into a graph: the three operators that spell it."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape, shape_of
from _edgeship.export.passes.new_values import NewValues


def shuffle_channels(new: NewValues, value: ir.Value, groups: int, name: str) -> ir.Value:
    """Append a shuffle that takes channels from each group in turn, at rank 4 inside.

    Args:
        new: What is added to the graph.
        value: (N, C, ...), of static shape, where ``groups`` divides C.
        groups: How many groups there are.
        name: What the new values are called after.
    """
    shape = shape_of(value)
    parted = (shape[0], groups, shape[1] // groups, math.prod(shape[2:]))
    turned = (parted[0], parted[2], parted[1], parted[3])
    apart = _reshape(new, value, parted, f"{name}_groups")
    swapped = new.result(
        ir.node("Transpose", [apart], {"perm": [0, 2, 1, 3]}), f"{name}_turned", value
    )
    swapped.shape = ir.Shape(turned)
    return _reshape(new, swapped, shape, f"{name}_shuffled")


def interleave(new: NewValues, value: ir.Value, groups: int, name: str) -> ir.Value:
    """Append what takes channels from two groups in turn, or from four.

    Of four, those of the places 0, 2, 1, and 3 lie one behind another in ``value``.
    """
    if groups == 2:
        return shuffle_channels(new, value, 2, name)
    shape = shape_of(value)
    batch, channels, *space = shape
    parted = (batch, 2, 2, channels // 4, math.prod(space))
    apart = _reshape(new, value, parted, f"{name}_groups")
    swapped = new.result(
        ir.node("Transpose", [apart], {"perm": [0, 3, 2, 1, 4]}), f"{name}_turned", value
    )
    swapped.shape = ir.Shape((batch, channels // 4, 2, 2, parted[-1]))
    return _reshape(new, swapped, shape, f"{name}_shuffled")


def _reshape(new: NewValues, value: ir.Value, shape: Shape, name: str) -> ir.Value:
    target = new.constant(f"{name}_shape", np.array(shape, np.int64))
    result = new.result(ir.node("Reshape", [value, target]), name, value)
    result.shape = ir.Shape(shape)
    return result
