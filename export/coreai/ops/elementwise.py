"""Arithmetic on several operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

_BINARY = {"Add": "broadcasting_add", "Sub": "broadcasting_sub", "Mul": "broadcasting_mul"}
_VARIADIC = {
    "Max": "broadcasting_maximum",
    "Min": "broadcasting_minimum",
    "Sum": "broadcasting_add",
}


@lowers(*_BINARY)
def binary(ctx: Context, node: ir.Node) -> None:
    """add, sub or mul."""
    x, y = operands(ctx, node)
    ctx.emit(_BINARY[node.op_type], node.outputs[0], x, y)


@lowers("Div")
def div(ctx: Context, node: ir.Node) -> None:
    """divide, which rounds quotients of integers towards zero, as ONNX does."""
    x, y = operands(ctx, node)
    ctx.emit("broadcasting_divide", node.outputs[0], x, y)


@lowers("Mod")
def mod(ctx: Context, node: ir.Node) -> None:
    """modulo; plus the divisor where the rest has the other sign, without fmod."""
    x, y = operands(ctx, node)
    divisor, result = attributes.source(node, 1), node.outputs[0]
    if attributes.integer(node, "fmod", 0) or ctx.dtype(divisor).kind == "u":
        ctx.emit("broadcasting_modulo", result, x, y)
        return
    zero = ctx.number(divisor, 0)
    rest = ctx.temporary("broadcasting_modulo", x, y)
    below = [ctx.temporary("broadcasting_greater", zero, operand) for operand in (rest, y)]
    other = ctx.temporary("broadcasting_xor", *below)
    some = ctx.temporary("broadcasting_not_equal", rest, zero)
    raised = ctx.temporary("broadcasting_add", rest, y)
    ctx.emit(
        "broadcasting_where", result, ctx.temporary("broadcasting_and", other, some), raised, rest
    )


@lowers("Pow")
def pow_(ctx: Context, node: ir.Node) -> None:
    """pow, in the type of the base; mul for a square and sqrt for a root."""
    x, y, exponent = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    data = ctx.constant(exponent)
    base, power = operands(ctx, node)
    if data is not None and data.size == 1 and ctx.shape(x) == ctx.shape(y):
        if data.item() == 2:
            ctx.emit("mul", y, base, base)
            return
        if data.item() == 0.5 and ctx.is_float(x):
            ctx.emit("sqrt", y, base)
            return
    whole = data is not None and bool(np.array_equal(data, np.rint(data)))
    if ctx.is_float(x) or not ctx.is_float(exponent) or whole:
        ctx.emit("broadcasting_pow", y, base, ctx.cast(power, ctx.dtype(x)))
        return
    made = ctx.temporary("broadcasting_pow", ctx.cast(base, ctx.real), power)
    ctx.bind(y, ctx.cast(made, ctx.dtype(y)), "broadcasting_pow")


@lowers(*_VARIADIC)
def variadic(ctx: Context, node: ir.Node) -> None:
    """A chain of maximum, minimum or add."""
    kind, y = _VARIADIC[node.op_type], node.outputs[0]
    if len(node.inputs) == 1:
        ctx.alias(y, attributes.source(node))
        return
    first, *others, last = operands(ctx, node)
    for other in others:
        first = ctx.temporary(kind, first, other)
    ctx.emit(kind, y, first, last)


def operands(ctx: Context, node: ir.Node) -> list[Operand]:
    """Return what a node reads.

    Raises:
        Unsupported: It broadcasts along other axes than the last ones, as old opsets can.
    """
    values = [value for value in node.inputs if value is not None]
    # Before opset 7, it said which axis of the first operand the second one begins at.
    if "axis" in node.attributes:
        ranks = [len(ctx.shape(value)) for value in values]
        if node.attributes["axis"].as_int() % ranks[0] != ranks[0] - ranks[1]:
            raise Unsupported("broadcasting along other axes than the last ones")
    return [ctx.read(value) for value in values]
