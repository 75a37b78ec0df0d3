"""Max and average pooling, exact for every pad, ceil_mode and count_include_pad."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.graph.nonnegative import is_nonnegative
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.windows import Axis, counts, demand_poolable
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.ops import image, window
from _edgeship.export.tflite.ops.registry import lowers


@lowers("MaxPool")
def max_pool(ctx: Context, node: ir.Node) -> None:
    """MAX_POOL_2D; a border that SAME cannot give is zero after a ReLU, else the lowest float."""
    x = attributes.source(node)
    axes = _axes(ctx, node)
    fill = 0.0 if is_nonnegative(x) else float(np.finfo(np.float32).min)
    tensor, padding = window.fit(ctx, image.read(ctx, x), axes, fill)
    image.emit(ctx, "MAX_POOL_2D", [tensor], node.outputs[0], _options(axes, padding))


@lowers("AveragePool")
def average_pool(ctx: Context, node: ir.Node) -> None:
    """AVERAGE_POOL_2D, which leaves SAME's border out of the mean.

    Other borders become a PAD; where windows then count a different number of elements, a MUL by
    the ratio of the counts makes the mean exact.
    """
    x, y = attributes.source(node), node.outputs[0]
    axes = _axes(ctx, node)
    include = bool(attributes.integer(node, "count_include_pad", 0))
    tensor = image.read(ctx, x)
    counted = np.outer(*(counts(axis, include) for axis in axes))
    inside = np.outer(*(counts(axis, False) for axis in axes))
    if not all(axis.is_valid for axis in axes):
        if (inside == counted).all() and all(axis.is_same for axis in axes):
            image.emit(ctx, "AVERAGE_POOL_2D", [tensor], y, _options(axes, schema.Padding.SAME))
            return
        tensor = window.pad(ctx, tensor, axes)
    opts = _options(axes, schema.Padding.VALID)
    ratio = axes[0].kernel * axes[1].kernel / counted
    if (ratio == 1).all():
        image.emit(ctx, "AVERAGE_POOL_2D", [tensor], y, opts)
        return
    shape = image.shape_of(ctx, y)
    mean = ctx.temporary("AVERAGE_POOL_2D", [tensor], shape, f"{y.name}/mean", opts)
    inputs = [mean, ctx.floats(f"{y.name}/ratio", ratio[None, :, :, None])]
    image.emit(ctx, "MUL", inputs, y, options("MulOptions"))


def _axes(ctx: Context, node: ir.Node) -> list[Axis]:
    axes = window.axes_of(ctx, node, tuple(attributes.integers(node, "kernel_shape", [])))
    demand_poolable(axes)
    return axes


def _options(axes: list[Axis], padding: int) -> object:
    return options(
        "Pool2DOptions",
        padding=padding,
        strideH=axes[0].stride,
        strideW=axes[1].stride,
        filterHeight=axes[0].kernel,
        filterWidth=axes[1].kernel,
    )
