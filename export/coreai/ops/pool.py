"""Max and average pooling, exact whatever the pads, ceil_mode and count_include_pad."""

from __future__ import annotations

from functools import reduce

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, shape_of
from _edgeship.export.coreai.ops.conv import axes_of, padded, sizes
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.values import Array
from _edgeship.export.lowering.windows import Axis, counts, demand_poolable, resolved


@lowers("MaxPool")
def max_pool(ctx: Context, node: ir.Node) -> None:
    """max_pool_2d or max_pool_3d, after a pad with the smallest number that there is."""
    source, y = attributes.source(node), node.outputs[0]
    axes = _axes(ctx, node)
    dtype = ctx.dtype(source)
    least = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
    x = padded(ctx, ctx.read(source), axes, np.asarray(least, dtype))
    x = _as_image(ctx, x, len(axes))
    kind = "maxpool3d" if len(axes) == 3 else "maxpool2d"
    shape = ctx.shape(y) if len(axes) > 1 else (*ctx.shape(y)[:2], 1, ctx.shape(y)[2])
    largest = ctx.temporary(
        kind,
        ctx.library.TensorType(shape, dtype.type),
        x,
        sizes([axis.kernel for axis in axes]),
        sizes([axis.stride for axis in axes]),
        sizes([axis.dilation for axis in axes]),
        np.bool_(False),
    )
    ctx.bind(y, ctx.reshape(largest, ctx.shape(y)), kind)


@lowers("AveragePool")
def average_pool(ctx: Context, node: ir.Node) -> None:
    """sumpool2d or sumpool3d of the padded images, and a mul by one over each window's count."""
    y = node.outputs[0]
    axes = _axes(ctx, node)
    x = padded(ctx, ctx.read(attributes.source(node)), axes, ctx.number(y, 0))
    x = _as_image(ctx, x, len(axes))
    total = ctx.temporary(
        "sumpool3d" if len(axes) == 3 else "sumpool2d",
        x,
        sizes([axis.kernel for axis in axes]),
        sizes([axis.stride for axis in axes]),
    )
    total = ctx.reshape(total, ctx.shape(y))
    counted = _counted(axes, bool(attributes.integer(node, "count_include_pad", 0)))
    share = (1 / counted).astype(ctx.real)
    if (counted == counted.flat[0]).all():
        share = np.asarray(share.flat[0])
    ctx.emit("broadcasting_mul", y, total, share)


def _counted(axes: list[Axis], include_pad: bool) -> Array:
    """Return what each window's sum is divided by, in an array with one axis per spatial axis."""
    result: Array = reduce(np.multiply.outer, [counts(axis, include_pad) for axis in axes])
    return result


def _axes(ctx: Context, node: ir.Node) -> list[Axis]:
    kernel = tuple(attributes.integers(node, "kernel_shape", []))
    axes = [resolved(node, axis) for axis in axes_of(ctx, node, kernel)]
    demand_poolable(axes)
    return axes


def _as_image(ctx: Context, operand: Operand, axes: int) -> Operand:
    """Return rows (N, C, W) as images (N, C, 1, W), where there is one spatial axis."""
    if axes > 1:
        return operand
    first, second, width = shape_of(operand)
    return ctx.reshape(operand, (first, second, 1, width))
