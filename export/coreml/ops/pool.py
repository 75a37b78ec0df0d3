"""Max and average pooling, exact whatever the pads, ceil_mode and count_include_pad."""

from __future__ import annotations

from functools import reduce

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float
from _edgeship.export.coreml.ops.conv import axes_of
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array
from _edgeship.export.lowering.windows import Axis, counts, demand_poolable, resolved


@lowers("MaxPool")
def max_pool(ctx: Context, node: ir.Node) -> None:
    """max_pool, in which the border never wins; between casts for integers of 8 bits."""
    source, y = attributes.source(node), node.outputs[0]
    x, window = ctx.read(source), _window(_axes(ctx, node))
    if is_float(source):
        ctx.emit("max_pool", y, x=x, **window)
        return
    if source.dtype not in (ir.DataType.INT8, ir.DataType.UINT8):
        raise Unsupported("MaxPool of integers of more than 8 bits")
    real = ctx.temporary("cast", f"{y.name}/float", x=x, dtype="fp32")
    largest = ctx.temporary("max_pool", f"{y.name}/largest", x=real, **window)
    ctx.emit("cast", y, x=largest, dtype="int32")


@lowers("AveragePool")
def average_pool(ctx: Context, node: ir.Node) -> None:
    """avg_pool with or without the border in the mean; a mul where MIL's count is another.

    ONNX counts the border that is asked for, but not what ceil_mode reads beyond it. Where windows
    differ in that, a mul by the ratio of the counts makes the mean exact.
    """
    x, y = ctx.read(attributes.source(node)), node.outputs[0]
    axes = _axes(ctx, node)
    include = bool(attributes.integer(node, "count_include_pad", 0))
    counted = _counted(axes, include)
    whole = np.prod([axis.kernel for axis in axes])
    exclude = bool((counted == _counted(axes, False)).all())
    parameters: dict[str, Operand] = {
        **_window(axes),
        "exclude_padding_from_average": exclude,
    }
    if exclude or (counted == whole).all():
        ctx.emit("avg_pool", y, x=x, **parameters)
        return
    mean = ctx.temporary("avg_pool", f"{y.name}/mean", x=x, **parameters)
    ctx.emit("mul", y, x=mean, y=(whole / counted).astype(np.float32))


def _counted(axes: list[Axis], include_pad: bool) -> Array:
    """Return what each window's sum is divided by, in an array with one axis per spatial axis."""
    result: Array = reduce(np.multiply.outer, [counts(axis, include_pad) for axis in axes])
    return result


def _axes(ctx: Context, node: ir.Node) -> list[Axis]:
    kernel = tuple(attributes.integers(node, "kernel_shape", []))
    axes = [resolved(node, axis) for axis in axes_of(ctx, node, kernel)]
    demand_poolable(axes)
    return axes


def _window(axes: list[Axis]) -> dict[str, Operand]:
    """Return the parameters of a pooling operator.

    The pad after each axis is what the last window reads, so that ceil_mode, which MIL has for
    symmetric pads only, is not needed.
    """
    return {
        "kernel_sizes": [axis.kernel for axis in axes],
        "strides": [axis.stride for axis in axes],
        "pad_type": "custom",
        "pad": [pad for axis in axes for pad in (axis.before, axis.needed_after)],
    }
