"""Normalizations: with fixed statistics per channel, over each image, or over the last axes."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.batch_norm import scale_and_shift
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

#: What batch_norm adds to the variance: MIL's default, whatever the network's own epsilon is.
_EPSILON = 1e-5


@lowers("BatchNormalization")
def batch_normalization(ctx: Context, node: ir.Node) -> None:
    """batch_norm with a mean of 0 and a variance of 1; mul and add for two axes or fewer.

    Scale and shift are computed here in double precision: in half precision the variances of some
    channels would be zero.
    """
    x, y = attributes.source(node), node.outputs[0]
    scale, shift = scale_and_shift(ctx, node)
    channels = len(scale)
    if len(ctx.shape(x)) > 2:
        ctx.emit(
            "batch_norm",
            y,
            x=ctx.read(x),
            mean=np.zeros(channels, np.float32),
            variance=np.ones(channels, np.float32),
            gamma=(scale * math.sqrt(1 + _EPSILON)).astype(np.float32),
            beta=shift.astype(np.float32),
            epsilon=np.float32(_EPSILON),
        )
        return
    scaled = ctx.temporary("mul", f"{y.name}/scaled", x=ctx.read(x), y=scale.astype(np.float32))
    ctx.emit("add", y, x=scaled, y=shift.astype(np.float32))


@lowers("InstanceNormalization")
def instance_normalization(ctx: Context, node: ir.Node) -> None:
    """instance_norm; the three axes of a volume are joined first, since MIL takes at most two."""
    x, y = attributes.source(node), node.outputs[0]
    gamma, beta = (
        ctx.required_constant(value, "a parameter of instance normalization")
        for value in node.inputs[1:3]
    )
    epsilon = np.float32(attributes.real(node, "epsilon", 1e-5))
    shape = ctx.shape(x)
    if len(shape) <= 4:
        ctx.emit("instance_norm", y, x=ctx.read(x), gamma=gamma, beta=beta, epsilon=epsilon)
        return
    joined = (*shape[:2], math.prod(shape[2:]))
    flat = ctx.temporary("reshape", f"{y.name}/flat", x=ctx.read(x), shape=joined)
    normal = ctx.temporary(
        "instance_norm", f"{y.name}/normal", x=flat, gamma=gamma, beta=beta, epsilon=epsilon
    )
    ctx.emit("reshape", y, x=normal, shape=shape)


@lowers("LayerNormalization")
def layer_normalization(ctx: Context, node: ir.Node) -> None:
    """layer_norm over the given axis and all after it."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", -1) % len(shape)
    gamma = ctx.required_constant(node.inputs[1], "the scale of layer normalization")
    beta = np.zeros((), np.float32)
    if (given := attributes.optional_input(node, 2)) is not None:
        beta = ctx.required_constant(given, "the bias of layer normalization")
    gamma, beta = (_broadcast(data, shape[axis:]) for data in (gamma, beta))
    ctx.emit(
        "layer_norm",
        y,
        x=ctx.read(x),
        axes=list(range(axis, len(shape))),
        gamma=gamma,
        beta=beta,
        epsilon=np.float32(attributes.real(node, "epsilon", 1e-5)),
    )


def _broadcast(data: Array, shape: Shape) -> Array:
    """Return parameters of layer normalization in the shape of the axes that are normalized.

    Raises:
        Unsupported: They differ along the axes before these.
    """
    kept = max(data.ndim - len(shape), 0)
    if math.prod(data.shape[:kept]) != 1:
        raise Unsupported("layer normalization with parameters for axes that it keeps")
    full: Array = np.broadcast_to(data.reshape(data.shape[kept:]), shape).copy()
    return full
