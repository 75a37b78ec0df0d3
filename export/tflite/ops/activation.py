"""Activations; those TFLite can fuse are fused into their producers later, by peephole.py."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers

_UNARY = {
    "Sigmoid": ("LOGISTIC", None),
    "Tanh": ("TANH", None),
    "HardSwish": ("HARD_SWISH", "HardSwishOptions"),
    "Abs": ("ABS", "AbsOptions"),
    "Exp": ("EXP", "ExpOptions"),
    "Neg": ("NEG", "NegOptions"),
    "Sqrt": ("SQRT", None),
    "Log": ("LOG", None),
    "Floor": ("FLOOR", None),
    "Ceil": ("CEIL", None),
    "Round": ("ROUND", None),
    "Sign": ("SIGN", None),
    "Sin": ("SIN", None),
    "Cos": ("COS", "CosOptions"),
    "Not": ("LOGICAL_NOT", "LogicalNotOptions"),
}

#: Bounds that have an operator of their own.
_CLIPS = {
    (0.0, 6.0): "RELU6",
    (-1.0, 1.0): "RELU_N1_TO_1",
    (0.0, 1.0): "RELU_0_TO_1",
    (0.0, math.inf): "RELU",
}


@lowers(*_UNARY)
def unary(ctx: Context, node: ir.Node) -> None:
    """One TFLite operator, in whatever order the input lies."""
    kind, kind_options = _UNARY[node.op_type]
    _unary(ctx, node, kind, options(kind_options) if kind_options else None)


def _unary(ctx: Context, node: ir.Node, kind: str, opts: object = None) -> None:
    x = attributes.source(node)
    perm = ctx.perm(x)
    ctx.emit(kind, [ctx.read(x, perm)], node.outputs[0], perm, opts)


@lowers("Relu")
def relu(ctx: Context, node: ir.Node) -> None:
    """RELU; MAXIMUM with 0 for integers."""
    y = node.outputs[0]
    if dtype_of(y) == np.float32:
        _unary(ctx, node, "RELU")
        return
    perm = ctx.perm(attributes.source(node))
    inputs = [ctx.read(attributes.source(node), perm), _bound(ctx, y, 0)]
    ctx.emit("MAXIMUM", inputs, y, perm, options("MaximumMinimumOptions"))


@lowers("Clip")
def clip(ctx: Context, node: ir.Node) -> None:
    """RELU, RELU6, ... where the bounds have one; MAXIMUM and MINIMUM otherwise."""
    low = attributes.real_anywhere(ctx, node, "min", 1)
    high = attributes.real_anywhere(ctx, node, "max", 2)
    largest = float(np.finfo(np.float32).max)
    bounds = (
        -math.inf if low is None or low <= -largest else low,
        math.inf if high is None or high >= largest else high,
    )
    if bounds in _CLIPS and dtype_of(node.outputs[0]) == np.float32:
        _unary(ctx, node, _CLIPS[bounds])
        return
    x, y = attributes.source(node), node.outputs[0]
    steps = [("MAXIMUM", bounds[0]), ("MINIMUM", bounds[1])]
    steps = [(kind, bound) for kind, bound in steps if math.isfinite(bound)]
    if not steps:
        ctx.alias(y, x)
        return
    perm = ctx.perm(x)
    tensor = ctx.read(x, perm)
    opts = options("MaximumMinimumOptions")
    if len(steps) == 2:
        kind, bound = steps[0]
        shape = layout.permuted(ctx.shape(x), perm)
        inputs = [tensor, _bound(ctx, y, bound)]
        tensor = ctx.temporary(kind, inputs, shape, f"{y.name}/{kind.lower()}", opts)
    kind, bound = steps[-1]
    ctx.emit(kind, [tensor, _bound(ctx, y, bound)], y, perm, opts)


def _bound(ctx: Context, y: ir.Value, bound: float) -> int:
    return ctx.graph.constant("bound", np.asarray(bound, dtype_of(y)))


@lowers("HardSigmoid")
def hard_sigmoid(ctx: Context, node: ir.Node) -> None:
    """RELU6(6 (alpha x + beta)) / 6, which needs no operator of its own.

    With ONNX's usual alpha = 1/6 the inner product disappears.
    """
    x, y = attributes.source(node), node.outputs[0]
    alpha = attributes.real(node, "alpha", 0.2)
    beta = attributes.real(node, "beta", 0.5)
    perm = ctx.perm(x)
    shape = layout.permuted(ctx.shape(x), perm)
    tensor = ctx.read(x, perm)
    slope = np.float32(6 * alpha)
    if abs(slope - 1) > 1e-6:
        inputs = [tensor, ctx.floats("slope", slope)]
        tensor = ctx.temporary("MUL", inputs, shape, f"{y.name}/slope", options("MulOptions"))
    inputs = [tensor, ctx.floats("offset", 6 * beta)]
    tensor = ctx.temporary("ADD", inputs, shape, f"{y.name}/offset", options("AddOptions"))
    tensor = ctx.temporary("RELU6", [tensor], shape, f"{y.name}/relu6")
    ctx.emit("MUL", [tensor, ctx.floats("sixth", 1 / 6)], y, perm, options("MulOptions"))


@lowers("LeakyRelu")
def leaky_relu(ctx: Context, node: ir.Node) -> None:
    """LEAKY_RELU."""
    alpha = attributes.real(node, "alpha", 0.01)
    _unary(ctx, node, "LEAKY_RELU", options("LeakyReluOptions", alpha=alpha))


@lowers("Elu")
def elu(ctx: Context, node: ir.Node) -> None:
    """ELU, which TFLite has for alpha = 1 only."""
    if (alpha := attributes.real(node, "alpha", 1.0)) != 1.0:
        raise Unsupported(f"Elu with alpha {alpha:g}; TFLite has alpha 1")
    _unary(ctx, node, "ELU")


@lowers("Gelu")
def gelu(ctx: Context, node: ir.Node) -> None:
    """GELU, exact or by tanh."""
    approximate = attributes.text(node, "approximate", "none") == "tanh"
    _unary(ctx, node, "GELU", options("GeluOptions", approximate=approximate))


@lowers("PRelu")
def prelu(ctx: Context, node: ir.Node) -> None:
    """PRELU; the slopes have no batch axis, as the TensorFlow layer writes them."""
    x, y = attributes.source(node), node.outputs[0]
    shape, perm = ctx.shape(x), ctx.perm(x)
    slope = ctx.required_constant(node.inputs[1], "the slope of PRelu")
    if attributes.opset(node) < 7 and slope.ndim == 1:
        slope = slope.reshape(-1, *[1] * (len(shape) - 2))  # it was always one per channel
    if slope.ndim > len(shape):
        raise Unsupported(f"slopes of {slope.ndim} axes for {len(shape)}")
    slope = slope.reshape((1,) * (len(shape) - slope.ndim) + slope.shape)
    if slope.size == 1 and len(shape) > 1:
        # Delegates want one slope for each channel.
        slope = np.broadcast_to(slope, (1, shape[1], *slope.shape[2:]))
    slope = slope.transpose(perm)
    if len(perm) > 1 and slope.shape[0] == 1:
        slope = slope[0]
    inputs = [ctx.read(x, perm), ctx.floats(f"{y.name}/slope", slope)]
    ctx.emit("PRELU", inputs, y, perm)


_SOFTMAX = {
    "Softmax": ("SOFTMAX", options("SoftmaxOptions", beta=1.0)),
    "LogSoftmax": ("LOG_SOFTMAX", options("LogSoftmaxOptions")),
}


@lowers(*_SOFTMAX)
def softmax(ctx: Context, node: ir.Node) -> None:
    """SOFTMAX or LOG_SOFTMAX over the axis, which is brought to the end.

    Before opset 13 it ran over all axes from the given one (default 1) to the last.
    """
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    kind, opts = _SOFTMAX[node.op_type]
    old = attributes.opset(node) < 13
    axis = attributes.integer(node, "axis", 1 if old else -1) % len(shape)
    if old and math.prod(shape[axis:]) != shape[axis]:
        rows = (math.prod(shape[:axis]), math.prod(shape[axis:]))
        inputs = [ctx.reshape(ctx.read(x), rows)]
        tensor = ctx.temporary(kind, inputs, rows, f"{y.name}/rows", opts)
        ctx.bind(y, ctx.reshape(tensor, shape), layout.identity(len(shape)))
        return
    perm = (*(i for i in ctx.perm(x) if i != axis), axis)
    if len(shape) <= 4:
        ctx.emit(kind, [ctx.read(x, perm)], y, perm, opts)
        return
    stored = layout.permuted(shape, perm)
    rows = (math.prod(stored[:-1]), stored[-1])
    inputs = [ctx.reshape(ctx.read(x, perm), rows)]
    tensor = ctx.temporary(kind, inputs, rows, f"{y.name}/rows", opts)
    ctx.bind(y, ctx.reshape(tensor, stored), perm)
