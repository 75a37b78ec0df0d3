"""Elements picked by constant indices."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.shape import emit_reshape


@lowers("Gather")
def gather(ctx: Context, node: ir.Node) -> None:
    """GATHER of constant indices; a single one is a SLICE and a RESHAPE, which run everywhere."""
    x, y = attributes.source(node), node.outputs[0]
    perm, shape = ctx.perm(x), ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = ctx.required_constant(node.inputs[1], "the indices of Gather") % shape[axis]
    if indices.ndim > 1:
        raise Unsupported(f"Gather with indices of {indices.ndim} axes; 0 and 1 are supported")
    if indices.ndim == 1:
        _gather(ctx, x, y, indices, axis)
        return
    begin = [int(indices) if i == axis else 0 for i in perm]
    size = [1 if i == axis else shape[i] for i in perm]
    inputs = [ctx.read(x, perm), ctx.ints("begin", begin), ctx.ints("size", size)]
    part = ctx.temporary("SLICE", inputs, tuple(size), f"{y.name}/slice", options("SliceOptions"))
    emit_reshape(ctx, part, y, layout.without(perm, [axis]))


@lowers("GatherND")
def gather_nd(ctx: Context, node: ir.Node) -> None:
    """GATHER along the first axis, which is what PyTorch's x[:, indices] becomes."""
    x, y = attributes.source(node), node.outputs[0]
    indices = ctx.required_constant(node.inputs[1], "the indices of GatherND")
    if indices.ndim != 2 or indices.shape[1] != 1 or attributes.integer(node, "batch_dims", 0):
        raise Unsupported("GatherND along more than one axis")
    _gather(ctx, x, y, indices[:, 0] % ctx.shape(x)[0], 0)


def _gather(ctx: Context, x: ir.Value, y: ir.Value, indices: Array, axis: int) -> None:
    perm = ctx.perm(x)
    inputs = [ctx.read(x, perm), ctx.ints("indices", indices)]
    ctx.emit("GATHER", inputs, y, perm, options("GatherOptions", axis=perm.index(axis)))
