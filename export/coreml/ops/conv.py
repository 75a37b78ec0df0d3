"""Convolutions."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, given, resolved


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """conv, along one to three axes, also grouped and dilated."""
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters.convolution(ctx, node)
    axes = [resolved(node, axis) for axis in axes_of(ctx, node, weight.shape[2:])]
    ctx.emit(
        "conv",
        y,
        x=ctx.read(x),
        weight=weight,
        bias=bias,
        strides=[axis.stride for axis in axes],
        dilations=[axis.dilation for axis in axes],
        groups=attributes.integer(node, "group", 1),
        pad_type="custom",
        pad=[pad for axis in axes for pad in (axis.before, axis.after)],
    )


def axes_of(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return the spatial axes of a convolution or pooling node, as its attributes describe them.

    Raises:
        Unsupported: If there are more than three, or pads are negative.
    """
    if len(kernel) > 3:
        raise Unsupported(f"a window that slides over {len(kernel)} axes; MIL's slide over 3")
    x, y = attributes.source(node), node.outputs[0]
    return given(node, kernel, ctx.shape(x)[2:], ctx.shape(y)[2:])
