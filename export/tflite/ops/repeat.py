"""Elements repeated along axes."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Tile")
def tile(ctx: Context, node: ir.Node) -> None:
    """TILE by constant repeats."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    repeats = ctx.required_constant(node.inputs[1], "the repeats of Tile")
    inputs = [ctx.read(x, perm), ctx.ints("repeats", layout.permuted(repeats.tolist(), perm))]
    ctx.emit("TILE", inputs, y, perm)


@lowers("Expand")
def expand(ctx: Context, node: ir.Node) -> None:
    """BROADCAST_TO the static shape of the result."""
    x, y = attributes.source(node), node.outputs[0]
    if ctx.shape(x) == ctx.shape(y):
        ctx.alias(y, x)
        return
    rank = len(ctx.shape(y))
    perm = ctx.perm(x) if len(ctx.shape(x)) == rank else layout.identity(rank)
    shape = layout.permuted(ctx.shape(y), perm)
    inputs = [ctx.operand(x, perm), ctx.ints("shape", shape)]
    ctx.emit("BROADCAST_TO", inputs, y, perm, options("BroadcastToOptions"))
