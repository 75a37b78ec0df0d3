"""Elements repeated along axes."""

from __future__ import annotations

import math

import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.taking import repeat


@lowers("Tile")
def tile(ctx: Context, node: ir.Node) -> None:
    """What is repeated along one axis is joined; TILE by constant repeats along several."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    repeats = ctx.required_constant(node.inputs[1], "the repeats of Tile")
    stored = layout.permuted(repeats.tolist(), perm)
    repeated = [axis for axis, times in enumerate(stored) if times > 1]
    if len(repeated) == 1:
        ctx.bind(y, repeat(ctx, ctx.read(x, perm), repeated[0], stored[repeated[0]]), perm)
        return
    if not repeated:
        ctx.alias(y, x)
        return
    ctx.emit("TILE", [ctx.read(x, perm), ctx.ints("repeats", stored)], y, perm)


@lowers("Expand")
def expand(ctx: Context, node: ir.Node) -> None:
    """What an axis of one element is repeated to, axis by axis; neighbours at once."""
    x, y = attributes.source(node), node.outputs[0]
    if ctx.shape(x) == ctx.shape(y):
        ctx.alias(y, x)
        return
    rank = len(ctx.shape(y))
    perm = ctx.perm(x) if len(ctx.shape(x)) == rank else layout.identity(rank)
    shape = layout.permuted(ctx.shape(y), perm)
    tensor = ctx.operand(x, perm)
    if ctx.constant(x) is not None:  # a constant of one element has no axes
        tensor = ctx.reshape(tensor, layout.permuted(_aligned(ctx.shape(x), rank), perm))
    before = ctx.graph.tensors[tensor].shape
    axis = 0
    while axis < rank:
        end = axis + 1
        if before[axis] != shape[axis]:
            while end < rank and before[end] == 1:
                end += 1
            times = math.prod(shape[axis:end])
            single = ctx.reshape(tensor, (*shape[:axis], 1, *before[end:]))
            tensor = repeat(ctx, single, axis, times)
            tensor = ctx.reshape(tensor, (*shape[:end], *before[end:]))
        axis = end
    ctx.bind(y, tensor, perm)


def _aligned(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape
