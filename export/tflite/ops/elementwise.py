"""Arithmetic on two operands, with broadcasting."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context, Unsupported, dtype_of
from export.tflite.graph import options
from export.tflite.ops import attributes
from export.tflite.ops.registry import lowers

_BINARY = {
    "Add": ("ADD", "AddOptions"),
    "Sub": ("SUB", "SubOptions"),
    "Mul": ("MUL", "MulOptions"),
    "Div": ("DIV", "DivOptions"),
    "Pow": ("POW", "PowOptions"),
}
_VARIADIC = {"Max": "MAXIMUM", "Min": "MINIMUM"}


@lowers(*_BINARY)
def binary(ctx: Context, node: ir.Node) -> None:
    """One operator, both operands brought to one order; a constant is permuted here."""
    a, b, y = attributes.source(node, 0), attributes.source(node, 1), node.outputs[0]
    kind, kind_options = _BINARY[node.op_type]
    perm = _common_order(ctx, [a, b])
    divisor = ctx.constant(b)
    if kind == "DIV" and divisor is not None and dtype_of(y) == np.float32 and divisor.all():
        # Multiplication has a kernel everywhere division has one, and quantizes better.
        reciprocal = (1.0 / divisor.astype(np.float64)).astype(np.float32)
        value = ir.Value(name=f"{b.name}/reciprocal", const_value=ir.tensor(reciprocal))
        value.shape = ir.Shape(reciprocal.shape)
        inputs = [ctx.operand(a, perm), ctx.operand(value, perm)]
        ctx.emit("MUL", inputs, y, perm, options("MulOptions"))
        return
    inputs = [ctx.operand(a, perm), ctx.operand(b, perm)]
    ctx.emit(kind, inputs, y, perm, options(kind_options))


@lowers(*_VARIADIC)
def variadic(ctx: Context, node: ir.Node) -> None:
    """MAXIMUM or MINIMUM of two."""
    values = [value for value in node.inputs if value is not None]
    if len(values) != 2:
        raise Unsupported(f"{node.op_type} of {len(values)} operands; 2 are supported")
    perm = _common_order(ctx, values)
    inputs = [ctx.operand(value, perm) for value in values]
    opts = options("MaximumMinimumOptions")
    ctx.emit(_VARIADIC[node.op_type], inputs, node.outputs[0], perm, opts)


def _common_order(ctx: Context, values: list[ir.Value]) -> layout.Perm:
    rank = max(len(ctx.shape(value)) for value in values)
    full = [value for value in values if len(ctx.shape(value)) == rank]
    if any(ctx.constant(value) is None for value in full):
        return ctx.preferred(*full)
    return layout.identity(rank)
