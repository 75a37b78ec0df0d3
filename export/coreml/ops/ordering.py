"""Operators that depend on the order of elements along an axis, and on indices along it."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float, mil_dtype
from _edgeship.export.coreml.ops.indices import from_the_front
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

_EXTREMES = {"ArgMax": "reduce_argmax", "ArgMin": "reduce_argmin"}


@lowers(*_EXTREMES)
def arg_extreme(ctx: Context, node: ir.Node) -> None:
    """reduce_argmax or reduce_argmin; of the reversed axis where the last of equal ones counts."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    keep = bool(attributes.integer(node, "keepdims", 1))
    operand, kind = ctx.read(x), _EXTREMES[node.op_type]
    if not attributes.integer(node, "select_last_index", 0):
        ctx.emit(kind, y, x=operand, axis=axis, keep_dims=keep)
        return
    turned = ctx.temporary("reverse", f"{y.name}/reversed", x=operand, axes=[axis])
    found = ctx.temporary(kind, f"{y.name}/from_behind", x=turned, axis=axis, keep_dims=keep)
    ctx.emit("sub", y, x=np.int32(shape[axis] - 1), y=found)


@lowers("TopK")
def topk(ctx: Context, node: ir.Node) -> None:
    """MIL's topk, which sorts them."""
    x = attributes.source(node)
    k = ctx.required_constant(attributes.source(node, 1), "the number of elements of TopK")
    parts = ctx.temporary(
        "topk",
        f"{x.name}_topk",
        x=ctx.read(x),
        k=int(k.reshape(-1)[0]),
        axis=attributes.integer(node, "axis", -1) % len(ctx.shape(x)),
        ascending=not attributes.integer(node, "largest", 1),
    )
    for output, part in zip(node.outputs, parts, strict=False):
        part.set_name(ctx.unique(output.name or "part"))
        ctx.bind(output, part)


@lowers("CumSum")
def cumsum(ctx: Context, node: ir.Node) -> None:
    """MIL's cumsum."""
    x = attributes.source(node)
    axis = ctx.required_constant(attributes.source(node, 1), "the axis of CumSum")
    ctx.emit(
        "cumsum",
        node.outputs[0],
        x=ctx.read(x),
        axis=int(axis.reshape(-1)[0]) % len(ctx.shape(x)),
        exclusive=bool(attributes.integer(node, "exclusive", 0)),
        reverse=bool(attributes.integer(node, "reverse", 0)),
    )


@lowers("OneHot")
def one_hot(ctx: Context, node: ir.Node) -> None:
    """Equal of the indices and 0, 1, 2, ..., and a choice of the two values by it.

    MIL's one_hot does not say what becomes of indices out of range.
    """
    indices, depth, values = (attributes.source(node, i) for i in range(3))
    y = node.outputs[0]
    count = int(ctx.required_constant(depth, "the depth of OneHot").reshape(-1)[0])
    axis = attributes.integer(node, "axis", -1) % len(ctx.shape(y))
    if is_float(indices):
        raise Unsupported("indices that are no integers")
    operand = ctx.read(indices)
    operand = from_the_front(ctx, operand, count, f"{y.name}/indices")
    _emit_hot(ctx, y, operand, axis, ctx.required_constant(values, "the values of OneHot"))


def _emit_hot(ctx: Context, y: ir.Value, indices: Operand, axis: int, values: np.ndarray) -> None:
    """Append what puts the second of two values where an index is, and the first elsewhere."""
    shape = ctx.shape(y)
    alone = [-1 if i == axis else 1 for i in range(len(shape))]
    places = np.arange(shape[axis], dtype=np.int32).reshape(alone)
    if isinstance(indices, np.ndarray) or indices.shape:
        indices = ctx.temporary("expand_dims", f"{y.name}/axis", x=indices, axes=[axis])
    off, on = (np.asarray(value) for value in values)
    hot = ctx.temporary("equal", f"{y.name}/hot", x=indices, y=places)
    if mil_dtype(y) == "bool":
        ctx.emit("select", y, cond=hot, a=np.full(shape, on), b=np.full(shape, off))
        return
    dtype = mil_dtype(y)
    kind = {"fp32": np.float32, "int32": np.int32}[dtype]
    if off.item() == 0 and on.item() == 1:
        ctx.emit("cast", y, x=hot, dtype=dtype)
        return
    ones = ctx.temporary("cast", f"{y.name}/ones", x=hot, dtype=dtype)
    raised = ctx.temporary("mul", f"{y.name}/raised", x=ones, y=(on - off).astype(kind))
    ctx.emit("add", y, x=raised, y=off.astype(kind))
