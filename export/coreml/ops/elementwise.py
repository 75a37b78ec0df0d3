"""Arithmetic on several operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float
from _edgeship.export.coreml.ops.integers import emit_wrapped, truncated_division
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

_BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul"}
_VARIADIC = {"Max": "maximum", "Min": "minimum", "Sum": "add"}


@lowers(*_BINARY)
def binary(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same name, which broadcasts as ONNX does."""
    x, y = _operands(ctx, node)
    emit_wrapped(ctx, _BINARY[node.op_type], node.outputs[0], x=x, y=y)


@lowers("Div")
def div(ctx: Context, node: ir.Node) -> None:
    """real_div; for integers, the sign times floor_div of the magnitudes.

    ONNX rounds a quotient towards zero, floor_div rounds it down.
    """
    x, y = _operands(ctx, node)
    result = node.outputs[0]
    if is_float(result):
        ctx.emit("real_div", result, x=x, y=y)
        return
    size, sign = truncated_division(ctx, str(result.name), x, y)
    emit_wrapped(ctx, "mul", result, x=size, y=sign)


@lowers("Mod")
def mod(ctx: Context, node: ir.Node) -> None:
    """MIL's mod, whose result has the sign of the divisor; with fmod, that of the dividend."""
    x, y = _operands(ctx, node)
    result = node.outputs[0]
    if not attributes.integer(node, "fmod", 0):
        ctx.emit("mod", result, x=x, y=y)
        return
    sizes = [ctx.temporary("abs", f"{result.name}/size", x=operand) for operand in (x, y)]
    rest = ctx.temporary("mod", f"{result.name}/rest", x=sizes[0], y=sizes[1])
    ctx.emit("mul", result, x=rest, y=ctx.temporary("sign", f"{result.name}/sign", x=x))


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
    if is_float(x) or not is_float(exponent):
        power = power if is_float(x) == is_float(exponent) else _converted(ctx, power, "fp32")
        emit_wrapped(ctx, "pow", y, x=base, y=power)
    elif data is not None and np.array_equal(data, np.rint(data)):
        emit_wrapped(ctx, "pow", y, x=base, y=data.astype(np.int32))
    else:
        real = ctx.temporary("pow", f"{y.name}/real", x=_converted(ctx, base, "fp32"), y=power)
        ctx.emit("cast", y, x=real, dtype="int32")


def _converted(ctx: Context, operand: Operand, dtype: str) -> Operand:
    """Return an operand in another type; ONNX lets those of Pow differ, MIL does not."""
    if isinstance(operand, np.ndarray):
        return operand.astype({"fp32": np.float32, "int32": np.int32}[dtype])
    return ctx.temporary("cast", f"{operand.name}/{dtype}", x=operand, dtype=dtype)


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
    emit_wrapped(ctx, kind, y, x=first, y=last)


def _operands(ctx: Context, node: ir.Node) -> list[Operand]:
    values = [value for value in node.inputs if value is not None]
    # Before opset 7, it said which axis of the first operand the second one begins at.
    if "axis" in node.attributes:
        ranks = [len(ctx.shape(value)) for value in values]
        if node.attributes["axis"].as_int() % ranks[0] != ranks[0] - ranks[1]:
            raise Unsupported("broadcasting along other axes than the last ones")
    return [ctx.read(value) for value in values]
