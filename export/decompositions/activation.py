"""Activations in Exp, Log, Tanh and arithmetic."""

from __future__ import annotations

import math

import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes


@decomposes("Softplus")
def softplus(b: Builder, node: ir.Node) -> ir.Value:
    """log(1 + e^x), as max(x, 0) - log(sigmoid(|x|)).

    That does not overflow, and the sigmoid lies between 1/2 and 1: 8 bits can hold every step.
    """
    x = attributes.source(node)
    rest = b.op("Log", b.op("Sigmoid", b.op("Abs", x)))
    return b.op("Sub", b.op("Relu", x), rest)


@decomposes("Mish")
def mish(b: Builder, node: ir.Node) -> ir.Value:
    """The product of x and tanh(softplus(x))."""
    x = attributes.source(node)
    return b.op("Mul", x, b.op("Tanh", b.op("Softplus", x)))


@decomposes("Gelu")
def gelu(b: Builder, node: ir.Node) -> ir.Value:
    """X (1 + erf(x / sqrt 2)) / 2, or its approximation by tanh."""
    x = attributes.source(node)
    if attributes.text(node, "approximate", "none") == "tanh":
        cube = b.op("Mul", b.op("Mul", x, x), x)
        inner = b.op("Add", x, b.op("Mul", cube, 0.044715))
        gate = b.op("Tanh", b.op("Mul", inner, math.sqrt(2 / math.pi)))
    else:
        gate = b.op("Erf", b.op("Mul", x, math.sqrt(0.5)))
    return b.op("Mul", b.op("Mul", x, 0.5), b.op("Add", gate, 1.0))


@decomposes("Softsign")
def softsign(b: Builder, node: ir.Node) -> ir.Value:
    """X / (1 + |x|)."""
    x = attributes.source(node)
    return b.op("Div", x, b.op("Add", b.op("Abs", x), 1.0))


@decomposes("Elu", "Celu", "Selu")
def elu(b: Builder, node: ir.Node) -> ir.Value:
    """Scaled max(x, 0) + alpha (e^min(x / divisor, 0) - 1)."""
    x = attributes.source(node)
    scale, divisor = 1.0, 1.0
    alpha = attributes.real(node, "alpha", 1.0)
    if node.op_type == "Celu":
        divisor = alpha
    elif node.op_type == "Selu":
        alpha = attributes.real(node, "alpha", 1.67326319217681884765625)
        scale = attributes.real(node, "gamma", 1.05070102214813232421875)
    negative = b.op("Min", x, 0.0)
    scaled = negative if divisor == 1 else b.op("Div", negative, divisor)
    bend = b.op("Sub", b.op("Exp", scaled), 1.0)
    both = b.op("Add", b.op("Relu", x), bend if alpha == 1 else b.op("Mul", bend, alpha))
    return both if scale == 1 else b.op("Mul", both, scale)


@decomposes("ThresholdedRelu")
def thresholded_relu(b: Builder, node: ir.Node) -> ir.Value:
    """X where it is above alpha, and 0 elsewhere."""
    x = attributes.source(node)
    return b.op("Where", b.op("Greater", x, attributes.real(node, "alpha", 1.0)), x, 0.0)


@decomposes("Shrink")
def shrink(b: Builder, node: ir.Node) -> ir.Value:
    """X + bias below -lambd, x - bias above lambd, and 0 between them."""
    x = attributes.source(node)
    edge, bias = attributes.real(node, "lambd", 0.5), attributes.real(node, "bias", 0.0)
    above = b.op("Where", b.op("Greater", x, edge), b.op("Sub", x, bias) if bias else x, 0.0)
    below = b.op("Add", x, bias) if bias else x
    return b.op("Where", b.op("Less", x, -edge), below, above)


@decomposes("HardSwish")
def hard_swish(b: Builder, node: ir.Node) -> ir.Value:
    """X max(0, min(1, x / 6 + 1 / 2))."""
    x = attributes.source(node)
    return b.op("Mul", x, b.op("HardSigmoid", x, alpha=1 / 6, beta=0.5))


@decomposes("HardSigmoid")
def hard_sigmoid(b: Builder, node: ir.Node) -> ir.Value:
    """max(0, min(1, alpha x + beta))."""
    x = attributes.source(node)
    line = b.op("Mul", x, attributes.real(node, "alpha", 0.2))
    return b.op("Clip", b.op("Add", line, attributes.real(node, "beta", 0.5)), 0.0, 1.0)


@decomposes("Swish")
def swish(b: Builder, node: ir.Node) -> ir.Value:
    """X sigmoid(alpha x)."""
    x = attributes.source(node)
    alpha = attributes.real(node, "alpha", 1.0)
    return b.op("Mul", x, b.op("Sigmoid", x if alpha == 1 else b.op("Mul", x, alpha)))


@decomposes("PRelu")
def prelu(b: Builder, node: ir.Node) -> ir.Value:
    """max(x, 0) + slope min(x, 0)."""
    x, slope = attributes.source(node), attributes.source(node, 1)
    return b.op("Add", b.op("Relu", x), b.op("Mul", slope, b.op("Min", x, 0.0)))


@decomposes("LeakyRelu")
def leaky_relu(b: Builder, node: ir.Node) -> ir.Value:
    """max(x, 0) + alpha min(x, 0)."""
    x = attributes.source(node)
    bent = b.op("Mul", b.op("Min", x, 0.0), attributes.real(node, "alpha", 0.01))
    return b.op("Add", b.op("Relu", x), bent)


@decomposes("LogSoftmax")
def log_softmax(b: Builder, node: ir.Node) -> ir.Value:
    """X - m - log(sum(e^(x - m))) for the maximum m, along an axis."""
    x = attributes.source(node)
    axis = [attributes.integer(node, "axis", -1) % len(b.shape(x))]
    below = b.op("Sub", x, b.reduce("ReduceMax", x, axis))
    return b.op("Sub", below, b.op("Log", b.reduce("ReduceSum", b.op("Exp", below), axis)))


@decomposes("Softmax")
def softmax(b: Builder, node: ir.Node) -> ir.Value:
    """e^(x - m) / sum(e^(x - m)) for the maximum m, along an axis."""
    x = attributes.source(node)
    axis = [attributes.integer(node, "axis", -1) % len(b.shape(x))]
    grown = b.op("Exp", b.op("Sub", x, b.reduce("ReduceMax", x, axis)))
    return b.op("Div", grown, b.reduce("ReduceSum", grown, axis))


@decomposes("Hardmax")
def hardmax(b: Builder, node: ir.Node) -> ir.Value:
    """1 at the first maximum along an axis, 0 elsewhere."""
    x = attributes.source(node)
    shape = b.shape(x)
    axis = attributes.integer(node, "axis", -1) % len(shape)
    best = b.op("ArgMax", x, axis=axis, keepdims=1)
    places = b.positions(axis, shape)
    return b.cast(b.op("Equal", places, best), b.dtype(x))
