"""Arithmetic on several operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.building.layout import Perm, permuted
from _edgeship.export.tflite.building.types import dtype_of
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
    perm, inputs = operands(ctx, node)
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
        perm, inputs = operands(ctx, node)
        ctx.emit("DIV", inputs, y, perm, options("DivOptions"))
        return
    # Multiplication has a kernel everywhere division has one, and quantizes better.
    _with_constant(ctx, node, "MUL", "MulOptions", reciprocal)


@lowers("Pow")
def pow_(ctx: Context, node: ir.Node) -> None:
    """POW, but MUL for squares and SQRT for roots, which quantize and run on more delegates.

    The result is of the base's type; where the exponent is of another, both are float32 between.
    """
    x, y, exponent = attributes.source(node), node.outputs[0], attributes.source(node, 1)
    data = ctx.constant(exponent)
    if data is not None and data.size == 1 and ctx.shape(x) == ctx.shape(y):
        perm = ctx.perm(x)
        if data.item() == 2:
            tensor = ctx.read(x, perm)
            ctx.emit("MUL", [tensor, tensor], y, perm, options("MulOptions"))
            return
        if data.item() == 0.5 and dtype_of(x) == np.float32:
            ctx.emit("SQRT", [ctx.read(x, perm)], y, perm)
            return
    perm, inputs = operands(ctx, node)
    dtype = dtype_of(x)
    if dtype == np.float32 or dtype_of(exponent) == dtype:
        inputs[1] = ctx.cast(inputs[1], dtype)
        ctx.emit("POW", inputs, y, perm, options("PowOptions"))
        return
    inputs = [ctx.cast(tensor, np.dtype(np.float32)) for tensor in inputs]
    shape = permuted(ctx.shape(y), perm)
    power = ctx.temporary("POW", inputs, shape, f"{y.name}/power", options("PowOptions"))
    ctx.bind(y, ctx.cast(power, dtype), perm)


@lowers("Mod")
def mod(ctx: Context, node: ir.Node) -> None:
    """FLOOR_MOD, whose sign is the divisor's; with fmod that of absolute values, signed after."""
    y = node.outputs[0]
    perm, inputs = operands(ctx, node)
    opts = options("FloorModOptions")
    if not attributes.integer(node, "fmod", 0):
        ctx.emit("FLOOR_MOD", inputs, y, perm, opts)
        return
    shapes = [ctx.graph.tensors[tensor].shape for tensor in inputs]
    sizes = [
        ctx.temporary("ABS", [tensor], shape, f"{y.name}/size", options("AbsOptions"))
        for tensor, shape in zip(inputs, shapes, strict=True)
    ]
    shape = permuted(ctx.shape(y), perm)
    rest = ctx.temporary("FLOOR_MOD", sizes, shape, f"{y.name}/rest", opts)
    sign = ctx.temporary("SIGN", inputs[:1], shapes[0], f"{y.name}/sign")
    ctx.emit("MUL", [rest, sign], y, perm, options("MulOptions"))


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
    perm, inputs = operands(ctx, node)
    first, *others, last = inputs
    for other in others:
        shapes = [ctx.graph.tensors[index].shape for index in (first, other)]
        name = f"{y.name}/{kind.lower()}"
        shape = np.broadcast_shapes(*shapes)
        first = ctx.temporary(kind, [first, other], shape, name, options(kind_options))
    ctx.emit(kind, [first, last], y, perm, options(kind_options))


def operands(ctx: Context, node: ir.Node) -> tuple[Perm, list[int]]:
    """Return the order of the result, and the operands of a broadcast brought to it.

    Raises:
        Unsupported: The node is older than opset 7 and broadcasts along other axes than the last.
    """
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
