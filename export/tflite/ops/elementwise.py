"""Arithmetic on several operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import dtype_of
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.ops.registry import lowers

_BINARY = {
    "Add": ("ADD", "AddOptions"),
    "Sub": ("SUB", "SubOptions"),
    "Mul": ("MUL", "MulOptions"),
}
_VARIADIC = {
    "Max": ("MAXIMUM", "MaximumMinimumOptions"),
    "Min": ("MINIMUM", "MaximumMinimumOptions"),
    "Sum": ("ADD", "AddOptions"),
}


@lowers(*_BINARY)
def binary(ctx: Context, node: ir.Node) -> None:
    """One operator, both operands brought to one order; a constant is permuted here."""
    kind, kind_options = _BINARY[node.op_type]
    perm, inputs = _operands(ctx, node)
    ctx.emit(kind, inputs, node.outputs[0], perm, options(kind_options))


@lowers("Div")
def div(ctx: Context, node: ir.Node) -> None:
    """DIV, or MUL by the reciprocal of a constant."""
    y, divisor = node.outputs[0], attributes.source(node, 1)
    data = ctx.constant(divisor)
    reciprocal = None
    if data is not None and dtype_of(y) == np.float32:
        with np.errstate(divide="ignore", over="ignore"):
            reciprocal = (1.0 / data.astype(np.float64)).astype(np.float32)
    if reciprocal is None or not np.isfinite(reciprocal).all():
        perm, inputs = _operands(ctx, node)
        ctx.emit("DIV", inputs, y, perm, options("DivOptions"))
        return
    # Multiplication has a kernel everywhere division has one, and quantizes better.
    _with_constant(ctx, node, "MUL", "MulOptions", reciprocal)


@lowers("Pow")
def pow_(ctx: Context, node: ir.Node) -> None:
    """POW, but MUL for squares and SQRT for roots, which quantize and run on more delegates."""
    x, y, exponent = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    data = ctx.constant(exponent)
    perm = ctx.perm(x)
    if data is not None and data.size == 1 and ctx.shape(x) == ctx.shape(y):
        if data.item() == 2:
            tensor = ctx.read(x, perm)
            ctx.emit("MUL", [tensor, tensor], y, perm, options("MulOptions"))
            return
        if data.item() == 0.5:
            ctx.emit("SQRT", [ctx.read(x, perm)], y, perm)
            return
    if data is not None:
        _with_constant(ctx, node, "POW", "PowOptions", data.astype(dtype_of(x)))
        return
    if dtype_of(exponent) != dtype_of(x):
        raise Unsupported(f"Pow of {dtype_of(x).name} to the power of {dtype_of(exponent).name}")
    perm, inputs = _operands(ctx, node)
    ctx.emit("POW", inputs, y, perm, options("PowOptions"))


@lowers("Reciprocal")
def reciprocal(ctx: Context, node: ir.Node) -> None:
    """DIV of 1."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    inputs = [ctx.floats("one", 1.0), ctx.read(x, perm)]
    ctx.emit("DIV", inputs, y, perm, options("DivOptions"))


@lowers(*_VARIADIC)
def variadic(ctx: Context, node: ir.Node) -> None:
    """A chain of MAXIMUM, MINIMUM or ADD."""
    kind, kind_options = _VARIADIC[node.op_type]
    y = node.outputs[0]
    if len(node.inputs) == 1:
        ctx.alias(y, attributes.source(node))
        return
    perm, inputs = _operands(ctx, node)
    first, *others, last = inputs
    for other in others:
        shapes = [ctx.graph.tensors[index].shape for index in (first, other)]
        name = f"{y.name}/{kind.lower()}"
        shape = np.broadcast_shapes(*shapes)
        first = ctx.temporary(kind, [first, other], shape, name, options(kind_options))
    ctx.emit(kind, [first, last], y, perm, options(kind_options))


def _operands(ctx: Context, node: ir.Node) -> tuple[Perm, list[int]]:
    values = [value for value in node.inputs if value is not None]
    if "axis" in node.attributes:  # before opset 7: where the second operand's first axis lies
        ranks = [len(ctx.shape(value)) for value in values]
        if node.attributes["axis"].as_int() % ranks[0] != ranks[0] - ranks[1]:
            raise Unsupported("broadcasting along other axes than the last ones")
    perm = ctx.common_order(values)
    return perm, [ctx.operand(value, perm) for value in values]


def _with_constant(ctx: Context, node: ir.Node, kind: str, kind_options: str, data: Array) -> None:
    """Append an operator on the first operand and ``data`` in place of the second."""
    a, b = attributes.source(node), attributes.source(node, 1)
    perm = ctx.common_order([a, b])
    inputs = [ctx.operand(a, perm), ctx.constant_operand(b, data, perm)]
    ctx.emit(kind, inputs, node.outputs[0], perm, options(kind_options))
