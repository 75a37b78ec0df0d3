"""Normalizations: over the batch with fixed statistics, over each image, over the last axes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.batch_norm import scale_and_shift
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops.registry import lowers


@lowers("BatchNormalization")
def batch_normalization(ctx: Context, node: ir.Node) -> None:
    """A 1x1 DEPTHWISE_CONV_2D with bias: one operator, quantized per channel.

    Other ranks than 4 become MUL and ADD.
    """
    x, y = attributes.source(node), node.outputs[0]
    scale, shift = scale_and_shift(ctx, node)
    if len(ctx.shape(x)) == 4:
        _depthwise_affine(ctx, x, y, scale, shift)
        return
    perm = ctx.perm(x)
    _affine(ctx, ctx.read(x, perm), y, perm, _per_channel(scale, perm), _per_channel(shift, perm))


@lowers("InstanceNormalization")
def instance_normalization(ctx: Context, node: ir.Node) -> None:
    """Mean and variance over the spatial axes, then an affine per channel."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    scale, shift = (
        ctx.required_constant(value, "a parameter of instance normalization")
        for value in node.inputs[1:3]
    )
    epsilon = attributes.real(node, "epsilon", 1e-5)
    tensor = _standardize(ctx, x, y, list(range(2, len(perm))), epsilon)
    _affine(ctx, tensor, y, perm, _per_channel(scale, perm), _per_channel(shift, perm))


@lowers("LayerNormalization")
def layer_normalization(ctx: Context, node: ir.Node) -> None:
    """Mean and variance over the axes from the given one on, then an affine per element."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    rank = len(perm)
    scale = ctx.required_constant(node.inputs[1], "the scale of layer normalization")
    shift = np.zeros((), np.float32)
    if (given := attributes.optional_input(node, 2)) is not None:
        shift = ctx.required_constant(given, "the bias of layer normalization")
    scale, shift = (
        data.reshape((1,) * (rank - data.ndim) + data.shape).transpose(perm)
        for data in (scale, shift)
    )
    axis = attributes.integer(node, "axis", -1) % rank
    epsilon = attributes.real(node, "epsilon", 1e-5)
    tensor = _standardize(ctx, x, y, list(range(axis, rank)), epsilon)
    _affine(ctx, tensor, y, perm, scale, shift)


def _per_channel(data: Array, perm: layout.Perm) -> Array:
    """Return one number for each channel, shaped to be broadcast to a tensor stored as ``perm``."""
    shape = [1] * len(perm)
    shape[perm.index(1)] = -1
    return data.reshape(shape)


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
        ctx.read(x, layout.channels_last(4)),
        ctx.floats(f"{y.name}/scale", scale.reshape(1, 1, 1, -1)),
        ctx.floats(f"{y.name}/shift", shift),
    ]
    ctx.emit("DEPTHWISE_CONV_2D", inputs, y, opts=opts)


def _affine(
    ctx: Context, tensor: int, y: ir.Value, perm: layout.Perm, scale: Array, shift: Array
) -> None:
    shape = ctx.graph.tensors[tensor].shape
    inputs = [tensor, ctx.floats(f"{y.name}/scale", scale)]
    product = ctx.temporary("MUL", inputs, shape, f"{y.name}/scaled", options("MulOptions"))
    inputs = [product, ctx.floats(f"{y.name}/shift", shift)]
    ctx.emit("ADD", inputs, y, perm, options("AddOptions"))


def _standardize(ctx: Context, x: ir.Value, y: ir.Value, axes: list[int], epsilon: float) -> int:
    """Return (x - mean) / sqrt(variance + epsilon) over ONNX axes, in the order of ``x``."""
    perm = ctx.perm(x)
    full = layout.permuted(ctx.shape(x), perm)
    stored_axes = sorted(perm.index(axis) for axis in axes)
    small = tuple(1 if k in stored_axes else extent for k, extent in enumerate(full))

    def mean(tensor: int, name: str) -> int:
        inputs = [tensor, ctx.ints("axes", stored_axes)]
        opts = options("ReducerOptions", keepDims=True)
        return ctx.temporary("MEAN", inputs, small, f"{y.name}/{name}", opts)

    tensor = ctx.read(x, perm)
    inputs = [tensor, mean(tensor, "mean")]
    centred = ctx.temporary("SUB", inputs, full, f"{y.name}/centred", options("SubOptions"))
    inputs = [centred, centred]
    squares = ctx.temporary("MUL", inputs, full, f"{y.name}/squares", options("MulOptions"))
    inputs = [mean(squares, "variance"), ctx.floats("epsilon", epsilon)]
    variance = ctx.temporary("ADD", inputs, small, f"{y.name}/epsilon", options("AddOptions"))
    inverse = ctx.temporary("RSQRT", [variance], small, f"{y.name}/inverse")
    inputs = [centred, inverse]
    return ctx.temporary("MUL", inputs, full, f"{y.name}/standard", options("MulOptions"))
