"""Elements that are picked by indices."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, shape_of
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.coreai.ops.slicing import cut, gathered, pick
from _edgeship.export.lowering import attributes


@lowers("Gather")
def gather(ctx: Context, node: ir.Node) -> None:
    """gather_nd along the first axis, between transposes; slice for indices at equal distances."""
    x, y, given = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = ctx.constant(given)
    if indices is None:
        # Core AI's indices count from the end where they are negative, as ONNX's do.
        found = gathered(ctx, ctx.read(x), ctx.cast(ctx.read(given), np.int32), axis)
        ctx.bind(y, found, "gather_nd")
        return
    indices = indices.astype(np.int64) % shape[axis]
    if indices.ndim > 0:
        pick(ctx, x, y, {axis: indices})
        return
    if ctx.constant(x) is not None:
        ctx.fold(y, np.take(ctx.required_constant(x, "data"), int(indices), axis=axis))
        return
    kept = [range(extent) for extent in shape]
    kept[axis] = range(int(indices), int(indices) + 1)
    ctx.bind(y, ctx.reshape(cut(ctx, ctx.read(x), kept), ctx.shape(y)), "slice")


@lowers("GatherND")
def gather_nd(ctx: Context, node: ir.Node) -> None:
    """gather_nd; axes of a batch become coordinates like the others."""
    x, y = attributes.source(node), node.outputs[0]
    batch = attributes.integer(node, "batch_dims", 0)
    indices = ctx.cast(ctx.read(attributes.source(node, 1)), np.int32)
    if batch:
        places = shape_of(indices)[:-1]
        grids = list(np.indices(places)[:batch])
        indices = with_coordinates(ctx, indices, grids)
    ctx.emit("gather_nd", y, ctx.variable(ctx.read(x)), indices)


@lowers("GatherElements")
def gather_elements(ctx: Context, node: ir.Node) -> None:
    """gather_along_axis, of the part of the operand that the indices reach."""
    x, y = attributes.source(node), node.outputs[0]
    shape, reached = ctx.shape(x), ctx.shape(y)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = from_the_front(ctx, ctx.read(attributes.source(node, 1)), shape[axis])
    kept = [
        range(e if i == axis else r) for i, (e, r) in enumerate(zip(shape, reached, strict=True))
    ]
    part = cut(ctx, ctx.variable(ctx.read(x)), kept)
    ctx.emit("gather_along_axis", y, part, indices, np.int32(axis))


def from_the_front(ctx: Context, indices: Operand, extent: int) -> Operand:
    """Return indices in int32 of which none is negative: ``extent`` is added to those that are."""
    if isinstance(indices, np.ndarray):
        return np.where(indices < 0, indices + extent, indices).astype(np.int32)
    indices = ctx.cast(indices, np.int32)
    negative = ctx.temporary("broadcasting_greater", np.int32(0), indices)
    raised = ctx.temporary("broadcasting_add", indices, np.int32(extent))
    return ctx.temporary("broadcasting_where", negative, raised, indices)


def with_coordinates(ctx: Context, indices: Operand, grids: list[np.ndarray]) -> Operand:
    """Return vectors that begin with constant coordinates and end with those of ``indices``.

    Args:
        ctx: The program.
        indices: (..., k), int32.
        grids: Coordinates along the axes that come first, each of the shape of the ``...``.
    """
    first = np.stack(grids, axis=-1).astype(np.int32)
    if isinstance(indices, np.ndarray):
        return np.concatenate([first, indices.astype(np.int32)], axis=-1)
    parts = [ctx.variable(first), indices]
    return ctx.temporary("concat", np.int32(first.ndim - 1), parts)
