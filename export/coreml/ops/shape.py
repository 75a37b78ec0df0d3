"""Operators without arithmetic: reshapes of every kind, transposes, copies."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import MOST_AXES, Context, demand_axes
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, copies

lowers("Identity", "Dropout")(copies.alias)
lowers("Constant")(copies.constant)


@lowers("Transpose")
def transpose(ctx: Context, node: ir.Node) -> None:
    """transpose; nothing if every axis stays where it is."""
    x, y = attributes.source(node), node.outputs[0]
    order = attributes.integers(node, "perm", list(reversed(range(len(ctx.shape(x))))))
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.transpose(order))
    elif order == sorted(order):
        ctx.alias(y, x)
    else:
        ctx.emit("transpose", y, x=ctx.read(x), perm=order)


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(ctx: Context, node: ir.Node) -> None:
    """squeeze, expand_dims or reshape; nothing if the shape stays the same."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.reshape(after))
    elif before == after:
        ctx.alias(y, x)
    elif not after:
        ctx.emit("squeeze", y, x=ctx.read(x), axes=list(range(len(before))))
    elif node.op_type in ("Squeeze", "Unsqueeze"):
        _change_rank(ctx, node)
    else:
        if not _is_transposed_and_joined(y):
            demand_axes(len(after))
        ctx.emit("reshape", y, x=ctx.read(x), shape=list(after))


def _change_rank(ctx: Context, node: ir.Node) -> None:
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    rank = max(len(before), len(after))
    axes = attributes.integers_anywhere(ctx, node, "axes", 1)
    if axes is None:
        axes = [axis for axis, extent in enumerate(before) if extent == 1]
    kind = "squeeze" if node.op_type == "Squeeze" else "expand_dims"
    ctx.emit(kind, y, x=ctx.read(x), axes=sorted(axis % rank for axis in axes))


def _is_transposed_and_joined(y: ir.Value) -> bool:
    """Return whether a Transpose and a Reshape to few axes follow, as in a pixel shuffle.

    coremltools rewrites the three with fewer axes (``expand_high_rank_reshape_and_transpose``).
    """
    transposed = _only_reader(y, "Transpose")
    joined = None if transposed is None else _only_reader(transposed.outputs[0], "Reshape")
    if joined is None or joined.outputs[0].shape is None:
        return False
    return len(joined.outputs[0].shape) <= MOST_AXES


def _only_reader(value: ir.Value, op_type: str) -> ir.Node | None:
    readers = [use.node for use in value.uses()]
    if len(readers) != 1 or value.is_graph_output() or readers[0].op_type != op_type:
        return None
    return readers[0]
