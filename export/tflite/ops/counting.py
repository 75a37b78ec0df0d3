"""Running sums, and numbers written as vectors."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers


@lowers("CumSum")
def cum_sum(ctx: Context, node: ir.Node) -> None:
    """CUMSUM in the order in which the input lies."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    axis = int(ctx.required_constant(node.inputs[1], "the axis of CumSum").item()) % len(perm)
    opts = options(
        "CumsumOptions",
        exclusive=bool(attributes.integer(node, "exclusive", 0)),
        reverse=bool(attributes.integer(node, "reverse", 0)),
    )
    ctx.emit("CUMSUM", [ctx.read(x, perm), ctx.ints("axis", perm.index(axis))], y, perm, opts)


@lowers("OneHot")
def one_hot(ctx: Context, node: ir.Node) -> None:
    """ONE_HOT; an index from behind is one that much further on."""
    given, y = attributes.source(node), node.outputs[0]
    if given.dtype is None or given.dtype.is_floating_point():
        raise Unsupported("indices that are no integers")
    depth = int(ctx.required_constant(node.inputs[1], "the depth of OneHot").item())
    values = ctx.required_constant(node.inputs[2], "the values of OneHot").astype(dtype_of(y))
    rank = len(ctx.shape(y))
    axis = attributes.integer(node, "axis", -1) % rank
    inputs = [
        _from_the_front(ctx, given, depth),
        ctx.ints("depth", depth),
        ctx.graph.constant("on", values[1]),
        ctx.graph.constant("off", values[0]),
    ]
    opts = options("OneHotOptions", axis=-1 if axis == rank - 1 else axis)
    ctx.emit("ONE_HOT", inputs, y, layout.identity(rank), opts)


def _from_the_front(ctx: Context, given: ir.Value, depth: int) -> int:
    """Return int32 indices to which ``depth`` was added where they were below zero."""
    data = ctx.constant(given)
    if data is not None:
        return ctx.ints("indices", np.where(data < 0, data + depth, data))
    shape = ctx.shape(given)
    tensor = ctx.cast(ctx.read(given), np.dtype(np.int32))
    name = f"{given.name}/index"
    inputs = [tensor, ctx.ints("depth", depth)]
    behind = ctx.temporary("ADD", inputs, shape, name, options("AddOptions"))
    inputs = [tensor, ctx.ints("zero", 0)]
    boolean = np.dtype(np.bool_)
    below = ctx.temporary("LESS", inputs, shape, name, options("LessOptions"), boolean)
    opts = options("SelectV2Options")
    inputs = [below, behind, tensor]
    return ctx.temporary("SELECT_V2", inputs, shape, name, opts, np.dtype(np.int32))
