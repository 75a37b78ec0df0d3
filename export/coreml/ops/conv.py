"""Convolutions."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, given, resolved


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """conv, along one to three axes, also grouped and dilated."""
    x, y, given = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    axes = [resolved(node, axis) for axis in axes_of(ctx, node, ctx.shape(given)[2:])]
    inputs: dict[str, Operand] = {
        "x": ctx.read(x),
        "strides": [axis.stride for axis in axes],
        "dilations": [axis.dilation for axis in axes],
        "groups": attributes.integer(node, "group", 1),
        "pad_type": "custom",
        "pad": [pad for axis in axes for pad in (axis.before, axis.after)],
    }
    if ctx.constant(given) is not None and _is_constant_or_none(ctx, node, 2):
        weight, bias = parameters.convolution(ctx, node)
        ctx.emit("conv", y, weight=weight, bias=bias, **inputs)
        return
    _demand_computable(ctx, given, axes)
    summand = attributes.optional_input(node, 2)
    if summand is None:
        ctx.emit("conv", y, weight=ctx.read(given), **inputs)
        return
    product = ctx.temporary("conv", f"{y.name}/product", weight=ctx.read(given), **inputs)
    shape = (1, -1, *[1] * len(axes))
    column = ctx.temporary("reshape", f"{y.name}/bias", x=ctx.read(summand), shape=shape)
    ctx.emit("add", y, x=product, y=column)


def _is_constant_or_none(ctx: Context, node: ir.Node, index: int) -> bool:
    value = attributes.optional_input(node, index)
    return value is None or ctx.constant(value) is not None


def _demand_computable(ctx: Context, weight: ir.Value, axes: list[Axis]) -> None:
    """Refuse windows that MIL has for constant weights only.

    Raises:
        Unsupported: A computed weight is dilated: the documentation allows that for constants.
    """
    if ctx.constant(weight) is None and any(axis.dilation != 1 for axis in axes):
        raise Unsupported("a dilated convolution whose weight is computed")


def axes_of(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return the spatial axes of a convolution or pooling node, as its attributes describe them.

    Raises:
        Unsupported: If there are more than three, or pads are negative.
    """
    if len(kernel) > 3:
        raise Unsupported(f"a window that slides over {len(kernel)} axes; MIL's slide over 3")
    x, y = attributes.source(node), node.outputs[0]
    return given(node, kernel, ctx.shape(x)[2:], ctx.shape(y)[2:])
