"""Functions of one operand that MIL has under another name, or that are composed of such."""

from __future__ import annotations

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
