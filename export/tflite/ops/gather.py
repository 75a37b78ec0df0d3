"""Elements picked by indices."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops import indices
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.shape import emit_reshape
from _edgeship.export.tflite.ops.taking import cut, take


@lowers("Gather")
def gather(ctx: Context, node: ir.Node) -> None:
    """SLICE and RESHAPE for one constant index, slices or GATHER for several, else GATHER."""
    x, y, given = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    positions = indices.known(ctx, given, [shape[axis]])
    perm = ctx.perm(x)
    stored = perm.index(axis)
    rank = len(ctx.shape(given))
    result = _with_block(perm, axis, rank)
    tensor = ctx.read(x, perm)
    if positions is not None and positions.size == 1:
        emit_reshape(ctx, cut(ctx, tensor, stored, int(positions.item()), 1), y, result)
        return
    if positions is not None and rank == 1:
        ctx.bind(y, take(ctx, tensor, stored, positions), result)
        return
    where = (
        indices.computed(ctx, given, [shape[axis]])
        if positions is None
        else ctx.ints("indices", positions)
    )
    ctx.emit("GATHER", [tensor, where], y, result, options("GatherOptions", axis=stored))


@lowers("GatherElements")
def gather_elements(ctx: Context, node: ir.Node) -> None:
    """GATHER from all elements in a row, at indices that are made to count in it."""
    x, y, given = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    where = elementwise_places(ctx, given, shape, axis)
    elements = ctx.reshape(ctx.read(x), (math.prod(shape),))
    ctx.emit("GATHER", [elements, where], y, layout.identity(len(shape)), _FIRST)


@lowers("GatherND")
def gather_nd(ctx: Context, node: ir.Node) -> None:
    """GATHER from all rows, at indices that are made to count them; slices where those are known.

    A row is what one index tuple picks.
    """
    x, y, given = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    batch = attributes.integer(node, "batch_dims", 0)
    shape = ctx.shape(x)
    depth = ctx.shape(given)[-1]
    known = None if batch else indices.known(ctx, given, shape[:depth])
    if known is not None and known.ndim == 2 and depth == 1:
        # What PyTorch's x[:, indices] becomes, in whatever order the input lies.
        perm = ctx.perm(x)
        ctx.bind(y, take(ctx, ctx.read(x, perm), perm.index(0), known[:, 0]), perm)
        return
    where = row_places(ctx, given, shape, batch)
    rows = math.prod(shape[: batch + depth])
    table = ctx.reshape(ctx.read(x), (rows, *shape[batch + depth :]))
    ctx.emit("GATHER", [table, where], y, layout.identity(len(ctx.shape(y))), _FIRST)


_FIRST = options("GatherOptions", axis=0)


def elementwise_places(ctx: Context, given: ir.Value, shape: tuple[int, ...], axis: int) -> int:
    """Return where among all elements of ``shape`` those are that GatherElements names.

    Args:
        ctx: The graph under construction.
        given: Indices along ``axis``; those along other axes are an element's own.
        shape: Of what they count, in ONNX's order.
        axis: One of its axes.
    """
    own = np.indices(ctx.shape(given), sparse=True)
    steps = indices.strides(shape)
    offsets: Array = np.zeros((), np.int64)
    for i, places in enumerate(own):
        if i != axis:
            offsets = offsets + places * steps[i]
    known = indices.known(ctx, given, [shape[axis]])
    if known is not None:
        return ctx.ints("indices", known * steps[axis] + offsets)
    where = indices.multiplied(
        ctx, indices.computed(ctx, given, [shape[axis]]), np.asarray(steps[axis])
    )
    return indices.shifted(ctx, where, offsets)


def row_places(ctx: Context, given: ir.Value, shape: tuple[int, ...], batch: int = 0) -> int:
    """Return which rows of ``shape`` the index tuples of GatherND and ScatterND name.

    Args:
        ctx: The graph under construction.
        given: Index tuples, one along the last axis; they count axes from ``batch`` on.
        shape: Of what they count, in ONNX's order.
        batch: How many axes in front have indices of their own.
    """
    *outer, depth = ctx.shape(given)
    counted = shape[: batch + depth]
    steps = indices.strides(counted)
    offsets: Array = np.zeros((), np.int64)
    for i, places in enumerate(np.indices(tuple(outer), sparse=True)[:batch]):
        offsets = offsets + places * steps[i]
    known = indices.known(ctx, given, counted[batch:])
    if known is not None:
        return ctx.ints("indices", (known * steps[batch:]).sum(axis=-1) + offsets)
    tuples = indices.computed(ctx, given, counted[batch:])
    tuples = indices.multiplied(ctx, tuples, np.asarray(steps[batch:]))
    return indices.shifted(ctx, indices.summed(ctx, tuples), offsets)


def _with_block(perm: layout.Perm, axis: int, rank: int) -> layout.Perm:
    """Return the order of a value in which ``rank`` axes take the place of ``axis``."""
    result: list[int] = []
    for other in perm:
        if other == axis:
            result += range(axis, axis + rank)
        else:
            result.append(other if other < axis else other + rank - 1)
    return tuple(result)
