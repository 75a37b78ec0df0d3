"""Normalizations in means and arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes


@decomposes("LayerNormalization")
def layer_normalization(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """(x - mean) / sqrt(variance + epsilon) over the last axes, scaled; the figures too."""
    x, scale = attributes.source(node), attributes.source(node, 1)
    bias = attributes.optional_input(node, 2)
    rank = len(b.shape(x))
    axes = list(range(attributes.integer(node, "axis", -1) % rank, rank))
    mean, apart = centred(b, x, axes)
    spread = deviation(b, apart, axes, attributes.real(node, "epsilon", 1e-5))
    result = b.op("Mul", b.op("Div", apart, spread), scale)
    if bias is not None:
        result = b.op("Add", result, bias)
    inverse = b.op("Div", 1.0, spread) if len(node.outputs) > 2 else None
    return [result, mean, inverse]


@decomposes("RMSNormalization")
def rms_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """X / sqrt(mean(x²) + epsilon) over the last axes, scaled."""
    x, scale = attributes.source(node), attributes.source(node, 1)
    rank = len(b.shape(x))
    axes = list(range(attributes.integer(node, "axis", -1) % rank, rank))
    spread = deviation(b, x, axes, attributes.real(node, "epsilon", 1e-5))
    return b.op("Mul", b.op("Div", x, spread), scale)


@decomposes("MeanVarianceNormalization")
def mean_variance_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """(x - mean) / (sqrt(variance) + 1e-9)."""
    x = attributes.source(node)
    rank = len(b.shape(x))
    axes = sorted(axis % rank for axis in attributes.integers(node, "axes", [0, 2, 3]))
    _, apart = centred(b, x, axes)
    variance = b.reduce("ReduceMean", b.op("Mul", apart, apart), axes)
    return b.op("Div", apart, b.op("Add", b.op("Sqrt", variance), 1e-9))


@decomposes("InstanceNormalization")
def instance_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """Each channel of each sample by its own mean and variance."""
    x, scale, bias = (attributes.source(node, number) for number in range(3))
    rank = len(b.shape(x))
    axes = list(range(2, rank))
    _, apart = centred(b, x, axes)
    spread = deviation(b, apart, axes, attributes.real(node, "epsilon", 1e-5))
    normal = b.op("Div", apart, spread)
    return _by_channel(b, normal, scale, bias, rank)


@decomposes("GroupNormalization")
def group_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """Groups of channels by their own means and variances.

    Up to opset 20 a group has one scale and one bias; since then, a channel has.
    """
    x, scale, bias = (attributes.source(node, number) for number in range(3))
    batch, channels, *extents = b.shape(x)
    groups = attributes.integer(node, "num_groups", 1)
    grouped = b.reshape(x, [batch, groups, channels // groups * math.prod(extents)])
    _, apart = centred(b, grouped, [2])
    spread = deviation(b, apart, [2], attributes.real(node, "epsilon", 1e-5))
    normal = b.op("Div", apart, spread)
    if b.shape(scale) == (groups,) and groups != channels:
        scaled = _by_channel(b, normal, scale, bias, 3)
        return b.reshape(scaled, b.shape(x))
    return _by_channel(b, b.reshape(normal, b.shape(x)), scale, bias, 2 + len(extents))


@decomposes("BatchNormalization")
def batch_normalization(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """(x - mean) / sqrt(variance + epsilon) by channel, scaled; while training, of the batch."""
    x, scale, bias, mean, variance = (attributes.source(node, number) for number in range(5))
    rank = len(b.shape(x))
    epsilon = attributes.real(node, "epsilon", 1e-5)
    if attributes.integer(node, "training_mode", 0) == 1:
        axes = [0, *range(2, rank)]
        now, apart = centred(b, x, axes)
        spread = b.reduce("ReduceMean", b.op("Mul", apart, apart), axes)
        root = b.op("Sqrt", b.op("Add", spread, epsilon))
        normal = b.op("Div", apart, root)
        momentum = attributes.real(node, "momentum", 0.9)
        running = [
            b.op(
                "Add",
                b.op("Mul", old, momentum),
                b.op("Mul", b.reshape(new, b.shape(old)), 1 - momentum),
            )
            for old, new in ((mean, now), (variance, spread))
        ]
        return [_by_channel(b, normal, scale, bias, rank), *running]
    factor = b.op("Div", scale, b.op("Sqrt", b.op("Add", variance, epsilon)))
    offset = b.op("Sub", bias, b.op("Mul", mean, factor))
    return [_by_channel(b, x, factor, offset, rank)]


@decomposes("LRN")
def local_response_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """X / (bias + alpha / size * the sum of x² over neighbouring channels) ^ beta."""
    x = attributes.source(node)
    size = attributes.integer(node, "size", 1)
    channels, rank = b.shape(x)[1], len(b.shape(x))
    before, behind = (size - 1) // 2, size // 2
    pads = np.zeros((2, rank), np.int64)
    pads[:, 1] = before, behind
    padded = b.op("Pad", b.op("Mul", x, x), pads.reshape(-1), 0.0)
    total = b.slice(padded, 1, 0, channels)
    for start in range(1, size):
        total = b.op("Add", total, b.slice(padded, 1, start, start + channels))
    share = b.op("Mul", total, attributes.real(node, "alpha", 1e-4) / size)
    base = b.op("Add", share, attributes.real(node, "bias", 1.0))
    return b.op("Div", x, b.op("Pow", base, attributes.real(node, "beta", 0.75)))


def centred(b: Builder, x: ir.Value, axes: Sequence[int]) -> tuple[ir.Value, ir.Value]:
    """Return the mean over axes, and what is left of x without it."""
    mean = b.reduce("ReduceMean", x, axes)
    return mean, b.op("Sub", x, mean)


def deviation(b: Builder, apart: ir.Value, axes: Sequence[int], epsilon: float) -> ir.Value:
    """Return sqrt(mean(x²) + epsilon) over axes."""
    variance = b.reduce("ReduceMean", b.op("Mul", apart, apart), axes)
    return b.op("Sqrt", b.op("Add", variance, epsilon))


def _by_channel(b: Builder, x: ir.Value, scale: ir.Value, bias: ir.Value, rank: int) -> ir.Value:
    """Return x scaled and shifted along its second axis."""
    if rank > 2:
        scale, bias = (
            b.reshape(value, [*b.shape(value), *[1] * (rank - 2)]) for value in (scale, bias)
        )
    return b.op("Add", b.op("Mul", x, scale), bias)
