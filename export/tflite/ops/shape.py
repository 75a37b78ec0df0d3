"""Operators that compute nothing: reshapes of every kind, transposes, copies."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes, copies
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops.dense import takes_columns
from _edgeship.export.tflite.ops.registry import lowers

lowers("Identity", "Dropout")(copies.alias)
lowers("Constant")(copies.constant)


@lowers("Transpose")
def transpose(ctx: Context, node: ir.Node) -> None:
    """No operator: the same tensor under another order."""
    x, y = attributes.source(node), node.outputs[0]
    order = attributes.integers(node, "perm", list(reversed(range(len(ctx.shape(x))))))
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.transpose(order))
        return
    perm = ctx.perm(x)
    ctx.bind(y, ctx.read(x, perm), tuple(order.index(axis) for axis in perm))


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(ctx: Context, node: ir.Node) -> None:
    """RESHAPE in the order in which the input lies, if that moves no element.

    A flattened image that only meets constant matrices stays in its order, and the matrices'
    columns are permuted instead.
    """
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.reshape(after))
        return
    stored = ctx.perm(x)
    rows_stay = len(after) == 2 and before[:1] == after[:1] and stored[:1] == (0,)
    if rows_stay and takes_columns(y):
        tensor = ctx.reshape(ctx.read(x, stored), after)
        ctx.bind(y, tensor, layout.identity(2), _columns(before, stored))
        return
    wanted = layout.order_before_reshape(stored, before, after)
    result = layout.order_after_reshape(wanted, before, after)
    emit_reshape(ctx, ctx.read(x, wanted), y, result)


def _columns(before: Shape, perm: layout.Perm) -> Array | None:
    """Return which ONNX column lies at each stored one, or None if none moves."""
    numbers = np.arange(int(np.prod(before[1:]))).reshape(before[1:])
    columns = numbers.transpose([axis - 1 for axis in perm[1:]]).reshape(-1)
    return None if np.array_equal(columns, np.arange(len(columns))) else columns


def emit_reshape(ctx: Context, tensor: int, y: ir.Value, perm: layout.Perm) -> None:
    """Bind ``y``, stored as ``perm``, to a tensor with the same elements in the same places."""
    shape = layout.permuted(ctx.shape(y), perm)
    if ctx.graph.tensors[tensor].shape == shape:
        ctx.bind(y, tensor, perm)
        return
    opts = options("ReshapeOptions", newShape=list(shape))
    ctx.emit("RESHAPE", [tensor, ctx.ints("shape", shape)], y, perm, opts)
