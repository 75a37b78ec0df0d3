"""Functions of one operand."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.batch_norm import scale_and_shift
from _edgeship.export.lowering.unsupported import Unsupported

_UNARY = {
    "Abs": "abs_",
    "Acos": "acos",
    "Acosh": "acosh",
    "Asin": "asin",
    "Asinh": "asinh",
    "Atan": "atan",
    "Atanh": "atanh",
    "Cos": "cos",
    "Cosh": "cosh",
    "Erf": "erf",
    "Exp": "exp",
    "Log": "log",
    "Not": "not_",
    "Relu": "relu",
    "Round": "round_",  # both round halves to the even neighbour
    "Sigmoid": "sigmoid",
    "Sin": "sin",
    "Sinh": "sinh",
    "Sqrt": "sqrt",
    "Tan": "tan",
    "Tanh": "tanh",
}


@lowers(*_UNARY)
def unary(ctx: Context, node: ir.Node) -> None:
    """Core AI's operator of the same name."""
    ctx.emit(_UNARY[node.op_type], node.outputs[0], ctx.read(attributes.source(node)))


@lowers("Neg")
def neg(ctx: Context, node: ir.Node) -> None:
    """Mul by -1."""
    x = attributes.source(node)
    ctx.emit("broadcasting_mul", node.outputs[0], ctx.read(x), ctx.number(x, -1))


@lowers("Reciprocal")
def reciprocal(ctx: Context, node: ir.Node) -> None:
    """Divide of 1 by the operand."""
    x = attributes.source(node)
    ctx.emit("broadcasting_divide", node.outputs[0], ctx.number(x, 1), ctx.read(x))


@lowers("Floor")
def floor(ctx: Context, node: ir.Node) -> None:
    """Floor divide by 1."""
    x = attributes.source(node)
    ctx.emit("broadcasting_floor_divide", node.outputs[0], ctx.read(x), ctx.number(x, 1))


@lowers("Ceil")
def ceil(ctx: Context, node: ir.Node) -> None:
    """Floor divide by -1, and a mul by -1."""
    x = attributes.source(node)
    minus = ctx.number(x, -1)
    below = ctx.temporary("broadcasting_floor_divide", ctx.read(x), minus)
    ctx.emit("broadcasting_mul", node.outputs[0], below, minus)


@lowers("Clip")
def clip(ctx: Context, node: ir.Node) -> None:
    """Maximum and minimum, in this order; relu for a bound of 0 alone."""
    x, y = attributes.source(node), node.outputs[0]
    low, high = (_bound(ctx, node, name, i) for name, i in (("min", 1), ("max", 2)))
    operand = ctx.read(x)
    if low is None and high is None:
        ctx.alias(y, x)
        return
    made: Operand = operand
    if low is not None:
        zero = isinstance(low, np.ndarray) and low.size == 1 and low.item() == 0
        made = (
            ctx.temporary("relu", operand)
            if zero
            else ctx.temporary("broadcasting_maximum", operand, low)
        )
    if high is not None:
        made = ctx.temporary("broadcasting_minimum", made, high)
    ctx.bind(y, made, "clip")


def _bound(ctx: Context, node: ir.Node, name: str, index: int) -> Operand | None:
    """Return a bound of Clip, or None where it does nothing."""
    x = attributes.source(node)
    if name in node.attributes:
        number = node.attributes[name].as_float()
    else:
        value = attributes.optional_input(node, index)
        if value is None:
            return None
        data = ctx.constant(value)
        if data is None:
            return ctx.read(value)
        number = float(data.reshape(-1)[0])
    if ctx.is_float(x):
        largest = float(np.finfo(ctx.real).max)
        beyond = number <= -largest if name == "min" else number >= largest
        return None if beyond else ctx.number(x, number)
    return np.asarray(number).astype(ctx.dtype(x))


@lowers("HardSigmoid")
def hard_sigmoid(ctx: Context, node: ir.Node) -> None:
    """A mul, an add, relu and minimum of 1."""
    alpha, beta = attributes.real(node, "alpha", 0.2), attributes.real(node, "beta", 0.5)
    _emit_gate(ctx, node, ctx.read(attributes.source(node)), alpha, beta)


@lowers("HardSwish")
def hard_swish(ctx: Context, node: ir.Node) -> None:
    """The gate of HardSigmoid by 1/6 and 1/2, and a mul by the operand."""
    x, y = attributes.source(node), node.outputs[0]
    gate = _gate(ctx, x, ctx.read(x), 1 / 6, 0.5)
    ctx.emit("broadcasting_mul", y, ctx.read(x), gate)


def _emit_gate(ctx: Context, node: ir.Node, x: Operand, alpha: float, beta: float) -> None:
    ctx.bind(node.outputs[0], _gate(ctx, attributes.source(node), x, alpha, beta), "minimum")


def _gate(ctx: Context, value: ir.Value, x: Operand, alpha: float, beta: float) -> Operand:
    scaled = ctx.temporary("broadcasting_mul", x, ctx.number(value, alpha))
    raised = ctx.temporary("broadcasting_add", scaled, ctx.number(value, beta))
    above = ctx.temporary("relu", raised)
    return ctx.temporary("broadcasting_minimum", above, ctx.number(value, 1))


@lowers("Gelu")
def gelu(ctx: Context, node: ir.Node) -> None:
    """gelu, exact or with the approximation by tanh."""
    approximate = attributes.text(node, "approximate", "none")
    x = ctx.read(attributes.source(node))
    ctx.emit("gelu", node.outputs[0], x, approximate=approximate)


@lowers("Swish")
def swish(ctx: Context, node: ir.Node) -> None:
    """silu; the operand times the sigmoid of its multiple for another alpha than 1."""
    alpha = attributes.real(node, "alpha", 1.0)
    value, y = attributes.source(node), node.outputs[0]
    x = ctx.read(value)
    if alpha == 1:
        ctx.emit("silu", y, x)
        return
    part = ctx.temporary("broadcasting_mul", x, ctx.number(value, alpha))
    ctx.emit("broadcasting_mul", y, x, ctx.temporary("sigmoid", part))


@lowers("Softmax")
def softmax(ctx: Context, node: ir.Node) -> None:
    """Core AI's softmax over one axis, between two reshapes where ONNX means several.

    Before opset 13 it ran over all axes from the given one (default 1) to the last.
    """
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    old = attributes.opset(node) < 13
    axis = attributes.integer(node, "axis", 1 if old else -1) % len(shape)
    if not old or math.prod(shape[axis:]) == shape[axis]:
        ctx.emit("softmax", y, ctx.read(x), np.int32(axis))
        return
    rows = (math.prod(shape[:axis]), math.prod(shape[axis:]))
    flat = ctx.temporary("softmax", ctx.reshape(ctx.read(x), rows), np.int32(1))
    ctx.bind(y, ctx.reshape(flat, shape), "softmax")


@lowers("BatchNormalization")
def batch_normalization(ctx: Context, node: ir.Node) -> None:
    """Mul and add, by factors that are computed in double precision."""
    x, y = attributes.source(node), node.outputs[0]
    scale, shift = scale_and_shift(ctx, node)
    rank = len(ctx.shape(x))
    if rank < 2:
        raise Unsupported("batch normalization of a vector")
    shape = (1, len(scale), *[1] * (rank - 2))
    factor, summand = (part.reshape(shape).astype(ctx.real) for part in (scale, shift))
    scaled = ctx.temporary("broadcasting_mul", ctx.read(x), factor)
    ctx.emit("broadcasting_add", y, scaled, summand)
