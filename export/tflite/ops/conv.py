"""Convolutions."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.ops import image, window
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """CONV_2D (filters OHWI, grouped too) or DEPTHWISE_CONV_2D (filters 1HWC)."""
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters.convolution(ctx, node)
    axes = window.axes_of(ctx, node, weight.shape[2:])
    weight = weight.reshape(*weight.shape[:2], *(axis.kernel for axis in axes))
    channels, filters = ctx.shape(x)[1], weight.shape[0]
    groups = attributes.integer(node, "group", 1)
    tensor, padding = window.fit(ctx, image.read(ctx, x), axes)
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
