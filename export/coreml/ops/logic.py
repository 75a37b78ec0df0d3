"""Comparisons, logical operators, and choices by them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, mil_dtype
from _edgeship.export.coreml.ops.broadcasting import spread
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes

_COMPARISONS = {
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
}
_LOGICAL = {"And": "logical_and", "Or": "logical_or", "Xor": "logical_xor"}


@lowers(*_COMPARISONS)
def comparison(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same meaning; booleans are compared by logical_xor."""
    values, y = (attributes.source(node), attributes.source(node, 1)), node.outputs[0]
    first, second = (ctx.read(value) for value in values)
    if mil_dtype(values[0]) == "bool":
        other = ctx.temporary("logical_xor", f"{y.name}/differ", x=first, y=second)
        ctx.emit("logical_not", y, x=other)
        return
    ctx.emit(_COMPARISONS[node.op_type], y, x=first, y=second)


@lowers(*_LOGICAL)
def logical(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same name."""
    first, second = (ctx.read(attributes.source(node, i)) for i in range(2))
    ctx.emit(_LOGICAL[node.op_type], node.outputs[0], x=first, y=second)


@lowers("Not")
def logical_not(ctx: Context, node: ir.Node) -> None:
    """logical_not."""
    ctx.emit("logical_not", node.outputs[0], x=ctx.read(attributes.source(node)))


@lowers("Where")
def where(ctx: Context, node: ir.Node) -> None:
    """MIL's select, of which an operand is repeated where the condition is larger than both."""
    y = node.outputs[0]
    mil_dtype(y)  # sequences are refused here
    condition, a, b = (ctx.read(attributes.source(node, i)) for i in range(3))
    ctx.emit("select", y, **choice(ctx, y, condition, a, b))


def choice(
    ctx: Context, y: ir.Value, condition: Operand, a: Operand, b: Operand
) -> dict[str, Operand]:
    """Return the inputs of a select that gives ``y``.

    coremltools takes the shape of the two operands for that of the result.
    """
    shape = ctx.shape(y)
    if np.broadcast_shapes(tuple(a.shape), tuple(b.shape)) != shape:
        a = spread(ctx, a, shape, f"{y.name}/a")
    return {"cond": condition, "a": a, "b": b}


@lowers("Trilu")
def trilu(ctx: Context, node: ir.Node) -> None:
    """Select by a constant triangle; infinite elements outside of it become zeros, too."""
    x, y = attributes.source(node), node.outputs[0]
    offset = ctx.constant(attributes.optional_input(node, 1))
    if offset is None and attributes.optional_input(node, 1) is not None:
        ctx.required_constant(node.inputs[1], "the diagonal of Trilu")
    k = 0 if offset is None else int(offset.reshape(-1)[0])
    full = np.ones(ctx.shape(x)[-2:], np.bool_)
    upper = bool(attributes.integer(node, "upper", 1))
    kept = np.triu(full, k) if upper else np.tril(full, k)
    if mil_dtype(x) == "bool":
        ctx.emit("logical_and", y, x=ctx.read(x), y=kept)
        return
    zero = np.float32(0) if mil_dtype(x) == "fp32" else np.int32(0)
    ctx.emit("select", y, cond=kept, a=ctx.read(x), b=zero)
