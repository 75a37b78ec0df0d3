"""What nodes that only move numbers do to an axis; all shapes are static."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import shape_of

#: Operators that only give a tensor another shape.
RESHAPING = ("Flatten", "Reshape", "Squeeze", "Unsqueeze")


def operand(node: ir.Node) -> ir.Value:
    """Return the first input of a node."""
    value = node.inputs[0]
    if value is None:
        raise ValueError(f"{node.op_type} {node.name} has no first input")
    return value


def concat_axis(node: ir.Node) -> int:
    """Return the axis that a Concat or Split works along, counted from 0."""
    axis = integer(node, "axis", 0)
    return axis + len(shape_of(operand(node))) if axis < 0 else axis


def order_of(node: ir.Node) -> tuple[int, ...]:
    """Return which axis of its input each axis of a Transpose's result is."""
    perm = node.attributes.get("perm")
    rank = len(shape_of(operand(node)))
    return tuple(range(rank))[::-1] if perm is None else tuple(perm.as_ints())


def same_axis(old: Sequence[int], new: Sequence[int], axis: int) -> int | None:
    """Return the axis that a reshape leaves as it is, by its number before, or None."""
    for own, extent in enumerate(old):
        if extent == new[axis] and prod(old[:own]) == prod(new[:axis]):
            return own
    return None


def slice_start(node: ir.Node, axis: int) -> int | None:
    """Return where a Slice begins along an axis; None if it is not fixed or takes steps."""
    constants = [None if one is None else one.const_value for one in node.inputs[1:]]
    if any(constant is None for constant in constants):
        return None
    arrays = [constant.numpy().tolist() for constant in constants if constant is not None]
    rank = len(shape_of(operand(node)))
    axes = arrays[2] if len(arrays) > 2 else list(range(len(arrays[0])))
    steps = arrays[3] if len(arrays) > 3 else [1] * len(axes)
    for start, own, step in zip(arrays[0], axes, steps, strict=True):
        if own % rank == axis:
            extent = shape_of(operand(node))[axis]
            return None if step != 1 else max(0, start + extent) if start < 0 else start
    return 0


def split_start(node: ir.Node, value: ir.Value, axis: int) -> int:
    """Return where an output of a Split begins along an axis of its input."""
    if concat_axis(node) != axis:
        return 0
    before = node.outputs[: list(node.outputs).index(value)]
    return sum(shape_of(one)[axis] for one in before)
