"""Transposed convolutions."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.windows import Axis, transposed
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops import image
from _edgeship.export.tflite.ops.conv import convolve
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.taking import cut
from _edgeship.export.tflite.ops.window import per_axis


@lowers("ConvTranspose")
def conv_transpose(ctx: Context, node: ir.Node) -> None:
    """TRANSPOSE_CONV (filters OHWI) as SAME, or as VALID with a SLICE that cuts off the pads.

    In groups or dilated, a CONV_2D or DEPTHWISE_CONV_2D of the input with zeros between.
    """
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters.convolution(ctx, node)
    axes = transposed(node, per_axis(ctx, node, weight.shape[2:]))
    if attributes.integer(node, "group", 1) != 1 or any(axis.dilation != 1 for axis in axes):
        _over_zeros(ctx, node, weight, bias, axes)
        return
    weight = weight.reshape(*weight.shape[:2], *(axis.kernel for axis in axes))
    batch, *extents, channels = image.shape_of(ctx, y)
    # Where nothing is cut off, SAME is VALID, which GPUs compute right for every stride.
    whole = all(axis.before == 0 and axis.result == axis.full for axis in axes)
    same = not whole and all(_is_same(axis) for axis in axes)
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


def _over_zeros(
    ctx: Context, node: ir.Node, weight: Array, bias: Array | None, axes: list[Axis]
) -> None:
    """Append the convolution, with mirrored taps, over the input with stride - 1 zeros between.

    Element o of the full result reads elements o - reach + 1 to o of that.
    """
    tensor = _spread(ctx, image.read(ctx, attributes.source(node)), axes)
    windows = []
    for position, axis in enumerate(axes, start=1):
        front = axis.reach - 1 - axis.before
        start, size = max(-front, 0), axis.result - 1 + axis.reach - max(front, 0)
        extent = ctx.graph.tensors[tensor].shape[position]
        tensor = cut(ctx, tensor, position, start, min(size, extent - start))
        extent = ctx.graph.tensors[tensor].shape[position]
        pads = (max(front, 0), max(size - extent, 0))
        windows.append(Axis(extent, axis.result, axis.kernel, 1, axis.dilation, *pads))
    inputs, outputs, *taps = weight.shape
    groups = attributes.integer(node, "group", 1)
    filters = weight.reshape(groups, inputs // groups, outputs, *taps).swapaxes(1, 2)
    filters = filters.reshape(groups * outputs, inputs // groups, *taps)
    mirrored = np.flip(filters, tuple(range(2, filters.ndim)))
    convolve(ctx, node, tensor, mirrored, bias, windows)


def _spread(ctx: Context, tensor: int, axes: list[Axis]) -> int:
    """Return the NHWC tensor with zeros behind each row and column, up to the next."""
    n, h, w, c = ctx.graph.tensors[tensor].shape
    rows, columns = (axis.stride for axis in axes)
    tensor = _with_zeros(ctx, tensor, (n * h, w, 1, c), columns)
    tensor = _with_zeros(ctx, tensor, (n, h, 1, w * columns * c), rows)
    return ctx.reshape(tensor, (n, h * rows, w * columns, c))


def _with_zeros(ctx: Context, tensor: int, shape: Shape, stride: int) -> int:
    """Return the tensor under a shape, its axis 2 padded to ``stride``."""
    if stride == 1:
        return tensor
    tensor = ctx.reshape(tensor, shape)
    border = ctx.ints("paddings", [(0, 0), (0, 0), (0, stride - 1), (0, 0)])
    padded = (*shape[:2], stride, shape[3])
    name = f"{ctx.graph.tensors[tensor].name}/zeros"
    return ctx.temporary("PAD", [tensor, border], padded, name, options("PadOptions"))
