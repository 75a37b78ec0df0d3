"""Max and average pooling, exact for every pad, ceil_mode and count_include_pad."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from export.nonnegative import is_nonnegative
from export.tflite.context import Context, Unsupported
from export.tflite.graph import Array, options
from export.tflite.layout import permuted
from export.tflite.ops import attributes, window
from export.tflite.ops.registry import lowers
from export.tflite.ops.window import Axis


@lowers("MaxPool")
def max_pool(ctx: Context, node: ir.Node) -> None:
    """MAX_POOL_2D; a border that SAME cannot give is zero after a ReLU, else the lowest float."""
    if len(node.outputs) > 1 and node.outputs[1].uses():
        raise Unsupported("the indices that MaxPool returns")
    x = attributes.source(node)
    axes = _axes(ctx, node)
    fill = 0.0 if is_nonnegative(x) else float(np.finfo(np.float32).min)
    tensor, padding = window.fit(ctx, ctx.channels_last(x), axes, fill)
    ctx.emit("MAX_POOL_2D", [tensor], node.outputs[0], opts=_options(axes, padding))


@lowers("AveragePool")
def average_pool(ctx: Context, node: ir.Node) -> None:
    """AVERAGE_POOL_2D, which leaves SAME's border out of the mean.

    Other borders become a PAD; where windows then count a different number of elements, a MUL by
    the ratio of the counts makes the mean exact.
    """
    x, y = attributes.source(node), node.outputs[0]
    axes = _axes(ctx, node)
    include = bool(attributes.integer(node, "count_include_pad", 0))
    tensor = ctx.channels_last(x)
    counts = np.outer(*(_counts(axis, include) for axis in axes))
    window_size = axes[0].kernel * axes[1].kernel
    if all(axis.is_valid for axis in axes):
        padding = schema.Padding.VALID
    elif all(axis.is_same for axis in axes) and np.array_equal(
        counts, np.outer(*(_counts(axis, False) for axis in axes))
    ):
        ctx.emit("AVERAGE_POOL_2D", [tensor], y, opts=_options(axes, schema.Padding.SAME))
        return
    else:
        tensor, padding = window.pad(ctx, tensor, axes), schema.Padding.VALID
    opts = _options(axes, padding)
    if (counts == window_size).all():
        ctx.emit("AVERAGE_POOL_2D", [tensor], y, opts=opts)
        return
    shape = permuted(ctx.shape(y), (0, 2, 3, 1))
    mean = ctx.temporary("AVERAGE_POOL_2D", [tensor], shape, f"{y.name}/mean", opts)
    ratio = (window_size / counts)[None, :, :, None]
    ctx.emit("MUL", [mean, ctx.floats(f"{y.name}/ratio", ratio)], y, opts=options("MulOptions"))


def _axes(ctx: Context, node: ir.Node) -> list[Axis]:
    axes = window.axes_of(ctx, node, tuple(attributes.integers(node, "kernel_shape", [])))
    if any(axis.dilation != 1 for axis in axes):
        raise Unsupported("dilated pooling")
    return axes


def _counts(axis: Axis, include_pad: bool) -> Array:
    """Return how many elements each window's mean divides by, per the ONNX specification.

    The border the model asks for counts if ``include_pad``; what ceil_mode reads beyond does not.
    """
    first = -axis.before if include_pad else 0
    last = axis.extent + (axis.after if include_pad else 0)
    start = np.arange(axis.result) * axis.stride - axis.before
    return np.minimum(start + axis.kernel, last) - np.maximum(start, first)


def _options(axes: list[Axis], padding: int) -> object:
    return options(
        "Pool2DOptions",
        padding=padding,
        strideH=axes[0].stride,
        strideW=axes[1].stride,
        filterHeight=axes[0].kernel,
        filterWidth=axes[1].kernel,
    )
