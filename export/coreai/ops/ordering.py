"""Operators that depend on the order of elements along an axis, and on indices along it."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, integers
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.coreai.ops.slicing import cut
from _edgeship.export.lowering import attributes


@lowers("ArgMax", "ArgMin")
def arg_extreme(ctx: Context, node: ir.Node) -> None:
    """argmax, of the negated operand for the smallest; reversed where the last equal one counts."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    operand = ctx.read(x)
    if node.op_type == "ArgMin":
        operand = _opposite(ctx, x, operand)
    last = bool(attributes.integer(node, "select_last_index", 0))
    if last:
        operand = ctx.temporary("reverse", operand, integers([axis]))
    found = ctx.cast(ctx.temporary("argmax", operand, np.int32(axis)), np.int32)
    if last:
        found = ctx.temporary("broadcasting_sub", np.int32(shape[axis] - 1), found)
    ctx.bind(y, ctx.reshape(found, ctx.shape(y)), "argmax")


def _opposite(ctx: Context, value: ir.Value, operand: Operand) -> Operand:
    """Return numbers in the opposite order: of integers, all bits change, so that none wraps."""
    dtype = ctx.dtype(value)
    if dtype.kind == "f":
        return ctx.temporary("broadcasting_mul", operand, ctx.number(value, -1))
    most = -1 if dtype.kind == "i" else np.iinfo(dtype).max
    return ctx.temporary("broadcasting_sub", np.asarray(most, dtype), operand)


@lowers("TopK")
def topk(ctx: Context, node: ir.Node) -> None:
    """A stable argsort, of which a slice is left, and gather_along_axis for the values."""
    x = attributes.source(node)
    shape = ctx.shape(x)
    k = ctx.required_constant(attributes.source(node, 1), "the number of elements of TopK")
    axis = attributes.integer(node, "axis", -1) % len(shape)
    largest = bool(attributes.integer(node, "largest", 1))
    order = ctx.temporary("argsort", ctx.read(x), np.int32(axis), np.bool_(largest), np.bool_(True))
    kept = [range(extent) for extent in shape]
    kept[axis] = range(int(k.reshape(-1)[0]))
    best = ctx.cast(cut(ctx, order, kept), np.int32)
    values, indices = node.outputs[0], node.outputs[1] if len(node.outputs) > 1 else None
    ctx.emit("gather_along_axis", values, ctx.variable(ctx.read(x)), best, np.int32(axis))
    if indices is not None:
        ctx.bind(indices, best, "argsort")


@lowers("CumSum")
def cumsum(ctx: Context, node: ir.Node) -> None:
    """scan; of the operand that is moved by one element where the own one does not count."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    given = ctx.required_constant(attributes.source(node, 1), "the axis of CumSum")
    axis = int(given.reshape(-1)[0]) % len(shape)
    back = bool(attributes.integer(node, "reverse", 0))
    operand = ctx.read(x)
    if attributes.integer(node, "exclusive", 0):
        operand = _moved(ctx, x, operand, axis, back)
    ctx.emit("scan", y, operand, np.uint32(axis), np.bool_(back), "sum")


def _moved(ctx: Context, value: ir.Value, operand: Operand, axis: int, back: bool) -> Operand:
    """Return a tensor moved by one element along an axis, with a zero at its end."""
    shape = ctx.shape(value)
    border = [0] * (2 * len(shape))
    border[2 * axis + (1 if back else 0)] = 1
    wide = ctx.temporary("pad", operand, np.asarray(border, np.uint32), ctx.number(value, 0))
    kept = [range(extent) for extent in shape]
    kept[axis] = range(1, shape[axis] + 1) if back else range(shape[axis])
    return cut(ctx, wide, kept)
