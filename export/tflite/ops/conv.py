"""Convolutions, and batch normalization that no convolution could take in."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context, Unsupported
from export.tflite.graph import Array, options
from export.tflite.ops import attributes, window
from export.tflite.ops.registry import lowers


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """CONV_2D (filters OHWI, grouped too) or DEPTHWISE_CONV_2D (filters 1HWC)."""
    x, y = attributes.source(node), node.outputs[0]
    weight = ctx.required_constant(node.inputs[1], "the weight of a convolution")
    axes = window.axes_of(ctx, node, weight.shape[2:])
    channels, filters = ctx.shape(x)[1], weight.shape[0]
    groups = attributes.integer(node, "group", 1)
    bias = ctx.constant(attributes.optional_input(node, 2))
    if bias is None:
        if attributes.optional_input(node, 2) is not None:
            raise Unsupported("the bias of a convolution must be a constant")
        bias = np.zeros(filters, np.float32)

    tensor, padding = window.fit(ctx, ctx.channels_last(x), axes)
    fields = {
        "padding": padding,
        "strideH": axes[0].stride,
        "strideW": axes[1].stride,
        "dilationHFactor": axes[0].dilation,
        "dilationWFactor": axes[1].dilation,
    }
    name = node.inputs[1].name if node.inputs[1] is not None else None
    depthwise = groups == channels and groups > 1
    if depthwise:
        kernel = weight.transpose(1, 2, 3, 0)
        opts = options("DepthwiseConv2DOptions", depthMultiplier=filters // channels, **fields)
    else:
        kernel = weight.transpose(0, 2, 3, 1)
        opts = options("Conv2DOptions", **fields)
    inputs = [tensor, ctx.floats(name or "weight", kernel), ctx.floats(f"{y.name}/bias", bias)]
    ctx.emit("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs, y, opts=opts)


@lowers("BatchNormalization")
def batch_normalization(ctx: Context, node: ir.Node) -> None:
    """A 1x1 DEPTHWISE_CONV_2D with bias: one operator, quantized per channel.

    Other ranks than 4 become MUL and ADD.
    """
    x, y = attributes.source(node), node.outputs[0]
    if attributes.integer(node, "training_mode", 0):
        raise Unsupported("batch normalization in training mode")
    gamma, beta, mean, variance = (
        ctx.required_constant(value, "a parameter of batch normalization")
        for value in node.inputs[1:5]
    )
    epsilon = attributes.real(node, "epsilon", 1e-5)
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    shift = beta - mean * scale
    if len(ctx.shape(x)) == 4:
        _depthwise_affine(ctx, x, y, scale, shift)
        return
    perm = ctx.perm(x)
    shape = [1] * len(perm)
    shape[perm.index(1)] = len(scale)
    product = ctx.temporary(
        "MUL",
        [ctx.read(x, perm), ctx.floats(f"{y.name}/scale", scale.reshape(shape))],
        layout.permuted(ctx.shape(x), perm),
        f"{y.name}/scaled",
        options("MulOptions"),
    )
    inputs = [product, ctx.floats(f"{y.name}/shift", shift.reshape(shape))]
    ctx.emit("ADD", inputs, y, perm, options("AddOptions"))


def _depthwise_affine(ctx: Context, x: ir.Value, y: ir.Value, scale: Array, shift: Array) -> None:
    opts = options(
        "DepthwiseConv2DOptions",
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=1,
    )
    inputs = [
        ctx.channels_last(x),
        ctx.floats(f"{y.name}/scale", scale.reshape(1, 1, 1, -1)),
        ctx.floats(f"{y.name}/shift", shift),
    ]
    ctx.emit("DEPTHWISE_CONV_2D", inputs, y, opts=opts)
