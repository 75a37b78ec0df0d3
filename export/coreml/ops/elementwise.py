"""Arithmetic on several operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import dtype_of

_BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul"}
_VARIADIC = {"Max": "maximum", "Min": "minimum", "Sum": "add"}


@lowers(*_BINARY)
def binary(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same name, which broadcasts as ONNX does."""
    x, y = _operands(ctx, node)
    ctx.emit(_BINARY[node.op_type], node.outputs[0], x=x, y=y)


@lowers("Div")
def div(ctx: Context, node: ir.Node) -> None:
    """real_div; for integers, the sign times floor_div of the magnitudes.

    ONNX rounds a quotient towards zero, floor_div rounds it down.
    """
    x, y = _operands(ctx, node)
    result = node.outputs[0]
    if dtype_of(result).kind == "f":
        ctx.emit("real_div", result, x=x, y=y)
        return
    signs = [ctx.temporary("sign", f"{result.name}/sign", x=operand) for operand in (x, y)]
    sign = ctx.temporary("mul", f"{result.name}/sign", x=signs[0], y=signs[1])
    sizes = [ctx.temporary("abs", f"{result.name}/size", x=operand) for operand in (x, y)]
    size = ctx.temporary("floor_div", f"{result.name}/size", x=sizes[0], y=sizes[1])
    ctx.emit("mul", result, x=size, y=sign)


@lowers("Pow")
def pow_(ctx: Context, node: ir.Node) -> None:
    """pow; square and sqrt for exponents of 2 and 0.5, which work in half precision as well."""
    x, y, exponent = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    data = ctx.constant(exponent)
    if data is not None and data.size == 1 and ctx.shape(x) == ctx.shape(y):
        if data.item() == 2:
            ctx.emit("square", y, x=ctx.read(x))
            return
        if data.item() == 0.5:
            ctx.emit("sqrt", y, x=ctx.read(x))
            return
    base, power = _operands(ctx, node)
    ctx.emit("pow", y, x=base, y=_in_type_of(ctx, x, exponent, power))


def _in_type_of(ctx: Context, x: ir.Value, exponent: ir.Value, power: Operand) -> Operand:
    """Return the exponent in the type of the base; ONNX lets them differ, MIL does not."""
    before, after = dtype_of(exponent).kind, dtype_of(x).kind
    if before == after:
        return power
    if after != "f":
        raise Unsupported("Pow of an integer to the power of a floating-point number")
    data = ctx.constant(exponent)
    if data is not None:
        return data.astype(np.float32)
    return ctx.temporary("cast", f"{exponent.name}/float", x=power, dtype="fp32")


@lowers(*_VARIADIC)
def variadic(ctx: Context, node: ir.Node) -> None:
    """A chain of maximum, minimum or add."""
    kind, y = _VARIADIC[node.op_type], node.outputs[0]
    if len(node.inputs) == 1:
        ctx.alias(y, attributes.source(node))
        return
    first, *others, last = _operands(ctx, node)
    for other in others:
        first = ctx.temporary(kind, f"{y.name}/{kind}", x=first, y=other)
    ctx.emit(kind, y, x=first, y=last)


def _operands(ctx: Context, node: ir.Node) -> list[Operand]:
    values = [value for value in node.inputs if value is not None]
    # Before opset 7, it said which axis of the first operand the second one begins at.
    if "axis" in node.attributes:
        ranks = [len(ctx.shape(value)) for value in values]
        if node.attributes["axis"].as_int() % ranks[0] != ranks[0] - ranks[1]:
            raise Unsupported("broadcasting along other axes than the last ones")
    return [ctx.read(value) for value in values]
