"""Functions of one operand that MIL has under another name, or that are composed of such."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes

_UNARY = {
    "Acos": "acos",
    "Asin": "asin",
    "Atan": "atan",
    "Atanh": "atanh",
    "Ceil": "ceil",
    "Cos": "cos",
    "Cosh": "cosh",
    "Erf": "erf",
    "Round": "round",  # both round halves to the even neighbour
    "Sign": "sign",
    "Sin": "sin",
    "Sinh": "sinh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tan": "tan",
}

#: Selu's defaults, https://arxiv.org/abs/1706.02515.
_SELU_ALPHA, _SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875


@lowers(*_UNARY)
def unary(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same name."""
    ctx.emit(_UNARY[node.op_type], node.outputs[0], x=ctx.read(attributes.source(node)))


@lowers("Asinh", "Acosh")
def inverse_hyperbolic(ctx: Context, node: ir.Node) -> None:
    """The logarithm of x + sqrt(x^2 + 1), or - 1; asinh of the magnitude, times the sign.

    Otherwise the sum would cancel for negative numbers.
    """
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    size, summand = x, np.float32(-1)
    if node.op_type == "Asinh":
        size, summand = ctx.temporary("abs", f"{y.name}/size", x=x), np.float32(1)
    square = ctx.temporary("square", f"{y.name}/square", x=size)
    shifted = ctx.temporary("add", f"{y.name}/shifted", x=square, y=summand)
    root = ctx.temporary("sqrt", f"{y.name}/root", x=shifted)
    total = ctx.temporary("add", f"{y.name}/sum", x=size, y=root)
    if node.op_type == "Acosh":
        ctx.emit("log", y, x=total, epsilon=np.float32(0))
        return
    log = ctx.temporary("log", f"{y.name}/log", x=total, epsilon=np.float32(0))
    ctx.emit("mul", y, x=log, y=ctx.temporary("sign", f"{y.name}/sign", x=x))


@lowers("IsNaN")
def is_nan(ctx: Context, node: ir.Node) -> None:
    """not_equal of the operand and itself."""
    x = ctx.read(attributes.source(node))
    ctx.emit("not_equal", node.outputs[0], x=x, y=x)


@lowers("IsInf")
def is_inf(ctx: Context, node: ir.Node) -> None:
    """Equal to infinity: the operand, its magnitude, or it with the other sign."""
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    above = bool(attributes.integer(node, "detect_positive", 1))
    below = bool(attributes.integer(node, "detect_negative", 1))
    if not above and not below:
        ctx.emit("less", y, x=x, y=np.float32(-math.inf))
        return
    if above and below:
        x = ctx.temporary("abs", f"{y.name}/size", x=x)
    ctx.emit("equal", y, x=x, y=np.float32(math.inf if above else -math.inf))


@lowers("Selu")
def selu(ctx: Context, node: ir.Node) -> None:
    """MIL's elu, and a mul by gamma."""
    alpha = np.float32(attributes.real(node, "alpha", _SELU_ALPHA))
    gamma = np.float32(attributes.real(node, "gamma", _SELU_GAMMA))
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    ctx.emit("mul", y, x=ctx.temporary("elu", f"{y.name}/elu", x=x, alpha=alpha), y=gamma)


@lowers("Celu")
def celu(ctx: Context, node: ir.Node) -> None:
    """MIL's elu of x / alpha, times alpha."""
    alpha = np.float32(attributes.real(node, "alpha", 1.0))
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    if alpha == 1:
        ctx.emit("elu", y, x=x, alpha=alpha)
        return
    part = ctx.temporary("mul", f"{y.name}/part", x=x, y=np.float32(1) / alpha)
    bent = ctx.temporary("elu", f"{y.name}/elu", x=part, alpha=np.float32(1))
    ctx.emit("mul", y, x=bent, y=alpha)


@lowers("Mish")
def mish(ctx: Context, node: ir.Node) -> None:
    """X * tanh(softplus(x))."""
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    plus = ctx.temporary("softplus", f"{y.name}/softplus", x=x)
    ctx.emit("mul", y, x=x, y=ctx.temporary("tanh", f"{y.name}/tanh", x=plus))


@lowers("Swish")
def swish(ctx: Context, node: ir.Node) -> None:
    """silu; the operand times the sigmoid of its multiple for another alpha than 1."""
    alpha = np.float32(attributes.real(node, "alpha", 1.0))
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    if alpha == 1:
        ctx.emit("silu", y, x=x)
        return
    part = ctx.temporary("mul", f"{y.name}/part", x=x, y=alpha)
    ctx.emit("mul", y, x=x, y=ctx.temporary("sigmoid", f"{y.name}/gate", x=part))


@lowers("ThresholdedRelu")
def thresholded_relu(ctx: Context, node: ir.Node) -> None:
    """Zero where the operand is not above alpha: MIL's thresholded_relu keeps alpha itself."""
    alpha = np.float32(attributes.real(node, "alpha", 1.0))
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    above = ctx.temporary("greater", f"{y.name}/above", x=x, y=alpha)
    ctx.emit("select", y, cond=above, a=x, b=np.float32(0))


@lowers("LogSoftmax")
def log_softmax(ctx: Context, node: ir.Node) -> None:
    """The operand less reduce_log_sum_exp, which does not overflow."""
    y, x = node.outputs[0], ctx.read(attributes.source(node))
    axis = attributes.integer(node, "axis", -1)
    total = ctx.temporary(
        "reduce_log_sum_exp", f"{y.name}/total", x=x, axes=[axis % len(x.shape)], keep_dims=True
    )
    ctx.emit("sub", y, x=x, y=total)
