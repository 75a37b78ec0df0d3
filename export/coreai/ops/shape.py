"""Operators without arithmetic: reshapes of every kind, transposes, repetitions, copies."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, dtype_of
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes, copies
from _edgeship.export.lowering.unsupported import Unsupported

lowers("Identity", "Dropout")(copies.alias)
lowers("Constant")(copies.constant)


@lowers("Transpose")
def transpose(ctx: Context, node: ir.Node) -> None:
    """transpose; nothing if every axis stays where it is."""
    copies.transpose(
        ctx,
        node,
        lambda x, y, order: ctx.bind(y, ctx.transpose(ctx.read(x), order), "transpose"),
    )


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(ctx: Context, node: ir.Node) -> None:
    """reshape; nothing if the shape stays the same."""
    x, y = attributes.source(node), node.outputs[0]
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.reshape(ctx.shape(y)))
    elif ctx.shape(x) == ctx.shape(y):
        ctx.alias(y, x)
    else:
        ctx.bind(y, ctx.reshape(ctx.read(x), ctx.shape(y)), "reshape")


@lowers("Tile")
def tile(ctx: Context, node: ir.Node) -> None:
    """Tile by constant repeats; nothing if nothing is repeated."""
    x, y = attributes.source(node), node.outputs[0]
    repeats = ctx.required_constant(attributes.source(node, 1), "the repeats of Tile")
    if all(int(count) == 1 for count in repeats):
        ctx.alias(y, x)
        return
    ctx.emit("tile", y, ctx.read(x), repeats.astype(np.uint32))


@lowers("Expand")
def expand(ctx: Context, node: ir.Node) -> None:
    """broadcast_to; nothing if the shape stays the same."""
    x, y = attributes.source(node), node.outputs[0]
    if ctx.shape(x) == ctx.shape(y):
        ctx.alias(y, x)
        return
    ctx.emit("broadcast_to", y, ctx.read(x), np.asarray(ctx.shape(y), np.uint32))


@lowers("Cast", "CastLike")
def cast(ctx: Context, node: ir.Node) -> None:
    """cast; nothing between types that are computed alike."""
    x, y = attributes.source(node), node.outputs[0]
    after = ctx.dtype(y)
    data = ctx.constant(x)
    if data is not None and y.dtype is not None:
        if data.dtype.kind not in "fiub":
            raise Unsupported(f"{x.name} has type {data.dtype.name}")
        ctx.fold(y, data.astype(np.float32 if after.kind == "f" else y.dtype.numpy()))
        return
    operand = ctx.read(x)
    if dtype_of(operand) == after:
        ctx.alias(y, x)
    elif dtype_of(operand).kind == "f" and after in (np.int8, np.uint8, np.int16, np.uint16):
        # What does not fit is undefined in Core AI; ONNX Runtime goes by 32 bits as well.
        ctx.bind(y, ctx.cast(ctx.cast(operand, np.int32), after), "cast")
    else:
        ctx.bind(y, ctx.cast(operand, after), "cast")
