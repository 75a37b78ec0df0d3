"""Convolutions."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.windows import Axis
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops import image, window
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """CONV_2D (filters OHWI, grouped too) or DEPTHWISE_CONV_2D (filters 1HWC)."""
    x = attributes.source(node)
    weight, bias = parameters.convolution(ctx, node)
    axes = window.axes_of(ctx, node, weight.shape[2:])
    convolve(ctx, node, image.read(ctx, x), weight, bias, axes)


def convolve(
    ctx: Context, node: ir.Node, tensor: int, weight: Array, bias: Array | None, axes: list[Axis]
) -> None:
    """Append a convolution whose result is that of ``node``, which also says its groups.

    Args:
        ctx: The graph under construction.
        node: Its output 0 is the result.
        tensor: NHWC input.
        weight: Filters as ONNX's Conv has them: (outputs, inputs of a group, taps).
        bias: One number for each output, or None.
        axes: Windows along H and W.
    """
    y = node.outputs[0]
    weight = weight.reshape(*weight.shape[:2], *(axis.kernel for axis in axes))
    channels, filters = ctx.graph.tensors[tensor].shape[3], weight.shape[0]
    groups = attributes.integer(node, "group", 1)
    tensor, padding = window.fit(ctx, tensor, axes)
    fields = {
        "padding": padding,
        "strideH": axes[0].stride,
        "strideW": axes[1].stride,
        "dilationHFactor": axes[0].dilation,
        "dilationWFactor": axes[1].dilation,
    }
    if groups == channels and groups > 1:
        kind, kernel = "DEPTHWISE_CONV_2D", weight.transpose(1, 2, 3, 0)
        opts = options("DepthwiseConv2DOptions", depthMultiplier=filters // channels, **fields)
    else:
        kind, kernel = "CONV_2D", weight.transpose(0, 2, 3, 1)
        opts = options("Conv2DOptions", **fields)
    inputs = [
        tensor,
        ctx.floats(attributes.source(node, 1).name or "weight", kernel),
        ctx.floats(f"{y.name}/bias", np.zeros(filters) if bias is None else bias),
    ]
    image.emit(ctx, kind, inputs, y, opts)
