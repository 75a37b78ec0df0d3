"""Convolutions."""

from __future__ import annotations

import onnx_ir as ir

from export.coreml.context import Context
from export.coreml.ops.registry import lowers
from export.lowering import attributes
from export.lowering.values import Array
from export.lowering.windows import given, resolved


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """conv, along one to three axes, grouped and dilated too."""
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters(ctx, node)
    axes = [
        resolved(node, axis)
        for axis in given(node, weight.shape[2:], ctx.shape(x)[2:], ctx.shape(y)[2:])
    ]
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


def parameters(ctx: Context, node: ir.Node) -> tuple[Array, Array | None]:
    """Return the weight and the bias of a convolution.

    Raises:
        Unsupported: If one of them is computed by the graph.
    """
    weight = ctx.required_constant(attributes.source(node, 1), "the weight of a convolution")
    bias = attributes.optional_input(node, 2)
    if bias is None:
        return weight, None
    return weight, ctx.required_constant(bias, "the bias of a convolution")
