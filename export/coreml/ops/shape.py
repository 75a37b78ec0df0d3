"""Operators without arithmetic: reshapes of every kind, transposes, copies."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.batches import of_one
from _edgeship.export.coreml.building.context import MOST_AXES, Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, copies

lowers("Identity", "Dropout")(copies.alias)
lowers("Constant")(copies.constant)


@lowers("Transpose")
def transpose(ctx: Context, node: ir.Node) -> None:
    """transpose; nothing if every axis stays where it is."""
    copies.transpose(
        ctx,
        node,
        lambda x, y, order: ctx.emit("transpose", y, x=ctx.read(x), perm=list(order)),
    )


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(ctx: Context, node: ir.Node) -> None:
    """squeeze, expand_dims or reshape; nothing if the shape stays the same, or is too long.

    A shape of too many axes is not written down: what reads it is computed on fewer axes, which
    begins with another reshape.
    """
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.reshape(after))
    elif before == after:
        ctx.alias(y, x)
    elif len(after) > MOST_AXES:
        ctx.bind_elements(y, ctx.elements(x))
    elif of_one(tuple(ctx.elements(x).shape)) == after:
        ctx.bind(y, ctx.elements(x))
    elif not after:
        axes = list(range(len(ctx.elements(x).shape)))
        ctx.emit("squeeze", y, x=ctx.elements(x), axes=axes)
    elif node.op_type in ("Squeeze", "Unsqueeze") and not ctx.is_unshaped(x):
        _change_rank(ctx, node)
    else:
        ctx.emit("reshape", y, x=ctx.elements(x), shape=list(after))


def _change_rank(ctx: Context, node: ir.Node) -> None:
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    rank = max(len(before), len(after))
    axes = attributes.integers_anywhere(ctx, node, "axes", 1)
    if axes is None:
        axes = [axis for axis, extent in enumerate(before) if extent == 1]
    kind = "squeeze" if node.op_type == "Squeeze" else "expand_dims"
    ctx.emit(kind, y, x=ctx.read(x), axes=sorted(axis % rank for axis in axes))
