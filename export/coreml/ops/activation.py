"""Activations and other functions of one operand."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float, number
from _edgeship.export.coreml.ops.integers import emit_wrapped
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.values import Array

_UNARY = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Abs": "abs",
    "Exp": "exp",
    "Sqrt": "sqrt",
    "Floor": "floor",
}

#: Bounds that have an operator of their own.
_CLIPS = {(0.0, 6.0): "relu6", (0.0, math.inf): "relu"}


@lowers(*_UNARY)
def unary(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same name."""
    x, y = attributes.source(node), node.outputs[0]
    if node.op_type == "Relu" and not is_float(x):
        ctx.emit("maximum", y, x=ctx.read(x), y=np.int32(0))
        return
    _unary(ctx, node, _UNARY[node.op_type])


def _unary(ctx: Context, node: ir.Node, kind: str, **parameters: object) -> None:
    ctx.emit(kind, node.outputs[0], x=ctx.read(attributes.source(node)), **parameters)


@lowers("Neg")
def neg(ctx: Context, node: ir.Node) -> None:
    """MIL's mul by -1."""
    x, y = attributes.source(node), node.outputs[0]
    emit_wrapped(ctx, "mul", y, x=ctx.read(x), y=number(x, -1))


@lowers("Log")
def log(ctx: Context, node: ir.Node) -> None:
    """MIL's log with an epsilon of 0; by default, a small number is added to the operand."""
    _unary(ctx, node, "log", epsilon=np.float32(0))


@lowers("Reciprocal")
def reciprocal(ctx: Context, node: ir.Node) -> None:
    """real_div of 1 by the operand, since MIL's inverse adds a small number to it."""
    x, y = attributes.source(node), node.outputs[0]
    ctx.emit("real_div", y, x=np.float32(1), y=ctx.read(x))


@lowers("Clip")
def clip(ctx: Context, node: ir.Node) -> None:
    """relu6, relu or clip; maximum and minimum for integers and where there is one bound."""
    x, y = attributes.source(node), node.outputs[0]
    if _has_computed_bounds(ctx, node):
        _clip_by_computed_bounds(ctx, node)
        return
    low = attributes.real_anywhere(ctx, node, "min", 1)
    high = attributes.real_anywhere(ctx, node, "max", 2)
    largest = float(np.finfo(np.float32).max)
    low = -math.inf if low is None or low <= -largest else low
    high = math.inf if high is None or high >= largest else high
    floating = is_float(x)
    if floating and (low, high) in _CLIPS:
        _unary(ctx, node, _CLIPS[low, high])
    elif floating and math.isfinite(low) and math.isfinite(high) and low <= high:
        _unary(ctx, node, "clip", alpha=np.float32(low), beta=np.float32(high))
    elif math.isfinite(low) and math.isfinite(high):
        raised = ctx.temporary("maximum", f"{y.name}/low", x=ctx.read(x), y=number(x, low))
        ctx.emit("minimum", y, x=raised, y=number(x, high))
    elif math.isfinite(low):
        ctx.emit("maximum", y, x=ctx.read(x), y=number(x, low))
    elif math.isfinite(high):
        ctx.emit("minimum", y, x=ctx.read(x), y=number(x, high))
    else:
        ctx.alias(y, x)


def _has_computed_bounds(ctx: Context, node: ir.Node) -> bool:
    bounds = [value for value in node.inputs[1:] if value is not None]
    return any(ctx.constant(value) is None for value in bounds)


def _clip_by_computed_bounds(ctx: Context, node: ir.Node) -> None:
    """Append maximum and minimum, in this order: an upper bound below the lower one counts."""
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    low, high = (attributes.optional_input(node, i) for i in (1, 2))
    if low is not None and high is not None:
        x = ctx.temporary("maximum", f"{y.name}/low", x=x, y=ctx.read(low))
        ctx.emit("minimum", y, x=x, y=ctx.read(high))
    elif low is not None:
        ctx.emit("maximum", y, x=x, y=ctx.read(low))
    elif high is not None:
        ctx.emit("minimum", y, x=x, y=ctx.read(high))


@lowers("HardSigmoid")
def hard_sigmoid(ctx: Context, node: ir.Node) -> None:
    """sigmoid_hard."""
    alpha = np.float32(attributes.real(node, "alpha", 0.2))
    beta = np.float32(attributes.real(node, "beta", 0.5))
    _unary(ctx, node, "sigmoid_hard", alpha=alpha, beta=beta)


@lowers("HardSwish")
def hard_swish(ctx: Context, node: ir.Node) -> None:
    """sigmoid_hard, and a mul by the operand; MIL has no operator for both."""
    x, y = attributes.source(node), node.outputs[0]
    gate = ctx.temporary(
        "sigmoid_hard",
        f"{y.name}/gate",
        x=ctx.read(x),
        alpha=np.float32(1 / 6),
        beta=np.float32(0.5),
    )
    ctx.emit("mul", y, x=ctx.read(x), y=gate)


@lowers("LeakyRelu")
def leaky_relu(ctx: Context, node: ir.Node) -> None:
    """leaky_relu."""
    _unary(ctx, node, "leaky_relu", alpha=np.float32(attributes.real(node, "alpha", 0.01)))


@lowers("Elu")
def elu(ctx: Context, node: ir.Node) -> None:
    """MIL's elu."""
    _unary(ctx, node, "elu", alpha=np.float32(attributes.real(node, "alpha", 1.0)))


@lowers("Gelu")
def gelu(ctx: Context, node: ir.Node) -> None:
    """gelu, exact or with the approximation by tanh."""
    approximate = attributes.text(node, "approximate", "none") == "tanh"
    _unary(ctx, node, "gelu", mode="TANH_APPROXIMATION" if approximate else "EXACT")


@lowers("PRelu")
def prelu(ctx: Context, node: ir.Node) -> None:
    """leaky_relu for one slope, prelu for one slope per channel of an image, else arithmetic.

    MIL takes no other slopes; they become max(x, 0) + slope * min(x, 0).
    """
    x = attributes.source(node)
    slope = ctx.constant(node.inputs[1])
    if slope is None or not is_float(x):
        _emit_bent(ctx, node, ctx.read(attributes.source(node, 1)))
        return
    rank = len(ctx.shape(x))
    if attributes.opset(node) < 7 and slope.ndim == 1:
        slope = slope.reshape(-1, *[1] * (rank - 2))  # it was always one per channel
    if slope.size and (slope == slope.flat[0]).all():
        _unary(ctx, node, "leaky_relu", alpha=np.float32(slope.flat[0]))
    elif rank == 4 and _is_per_channel(slope, ctx.shape(x)[1]):
        _unary(ctx, node, "prelu", alpha=slope.reshape(-1))
    else:
        _emit_bent(ctx, node, slope)


def _emit_bent(ctx: Context, node: ir.Node, slope: Operand) -> None:
    """Append max(x, 0) + slope * min(x, 0)."""
    x, y = attributes.source(node), node.outputs[0]
    above = ctx.temporary("maximum", f"{y.name}/above", x=ctx.read(x), y=number(x, 0))
    below = ctx.temporary("minimum", f"{y.name}/below", x=ctx.read(x), y=number(x, 0))
    scaled = ctx.temporary("mul", f"{y.name}/scaled", x=below, y=slope)
    ctx.emit("add", y, x=above, y=scaled)


def _is_per_channel(slope: Array, channels: int) -> bool:
    """Return whether slopes that broadcast to (N, C, H, W) differ between channels only."""
    shape = (1,) * (4 - slope.ndim) + slope.shape
    return shape == (1, channels, 1, 1)


@lowers("Softmax")
def softmax(ctx: Context, node: ir.Node) -> None:
    """MIL's softmax over one axis, between two reshapes where ONNX means several.

    Before opset 13 it ran over all axes from the given one (default 1) to the last.
    """
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    old = attributes.opset(node) < 13
    axis = attributes.integer(node, "axis", 1 if old else -1) % len(shape)
    if not old or math.prod(shape[axis:]) == shape[axis]:
        _unary(ctx, node, "softmax", axis=axis)
        return
    rows = (math.prod(shape[:axis]), math.prod(shape[axis:]))
    flat = ctx.temporary("reshape", f"{y.name}/rows", x=ctx.read(x), shape=rows)
    flat = ctx.temporary("softmax", f"{y.name}/softmax", x=flat, axis=1)
    ctx.emit("reshape", y, x=flat, shape=shape)
