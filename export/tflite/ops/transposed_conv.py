"""Transposed convolutions."""

from __future__ import annotations

import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, transposed
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops import image
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.window import per_axis


@lowers("ConvTranspose")
def conv_transpose(ctx: Context, node: ir.Node) -> None:
    """TRANSPOSE_CONV (filters OHWI) as SAME, or as VALID with a SLICE that cuts off the pads."""
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters.convolution(ctx, node)
    if attributes.integer(node, "group", 1) != 1:
        raise Unsupported("a transposed convolution in groups")
    axes = transposed(node, per_axis(ctx, node, weight.shape[2:]))
    if any(axis.dilation != 1 for axis in axes):
        raise Unsupported("a dilated transposed convolution")
    weight = weight.reshape(*weight.shape[:2], *(axis.kernel for axis in axes))
    batch, *extents, channels = image.shape_of(ctx, y)
    same = all(_is_same(axis) for axis in axes)
    if not same:
        extents = [max(axis.full, axis.before + axis.result) for axis in axes]
    shape = (batch, *extents, channels)
    inputs = [
        ctx.ints("shape", shape),
        ctx.floats(attributes.source(node, 1).name or "weight", weight.transpose(1, 2, 3, 0)),
        image.read(ctx, x),
    ]
    if bias is not None:
        inputs.append(ctx.floats(f"{y.name}/bias", bias))
    opts = options(
        "TransposeConvOptions",
        padding=schema.Padding.SAME if same else schema.Padding.VALID,
        strideH=axes[0].stride,
        strideW=axes[1].stride,
    )
    if shape == image.shape_of(ctx, y):
        image.emit(ctx, "TRANSPOSE_CONV", inputs, y, opts)
        return
    name = f"{y.name}/full"
    tensor = ctx.temporary("TRANSPOSE_CONV", inputs, shape, name, opts, dtype_of(y))
    begin = [0, *(axis.before for axis in axes), 0]
    inputs = [tensor, ctx.ints("begin", begin), ctx.ints("size", image.shape_of(ctx, y))]
    image.emit(ctx, "SLICE", inputs, y, options("SliceOptions"))


def _is_same(axis: Axis) -> bool:
    """Return whether TFLite's SAME cuts off as much in front as the model asks for."""
    cut = max(axis.full - axis.result, 0)
    return axis.extent == -(-axis.result // axis.stride) and axis.before == cut // 2
