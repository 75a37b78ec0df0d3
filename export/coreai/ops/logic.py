"""Comparisons, logical operators, and choices by them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes

_LOGICAL = {"And": "broadcasting_and", "Or": "broadcasting_or", "Xor": "broadcasting_xor"}

#: Comparisons by the one that Core AI has: whether the operands change places, and whether equal
#: ones count as well.
_ORDERED = {
    "Greater": (False, False),
    "GreaterOrEqual": (False, True),
    "Less": (True, False),
    "LessOrEqual": (True, True),
}


@lowers(*_ORDERED)
def ordered(ctx: Context, node: ir.Node) -> None:
    """greater; together with equal where equal numbers count.

    The opposite of the opposite would be true for NaN.
    """
    y = node.outputs[0]
    turned, equal = _ORDERED[node.op_type]
    first, second = (ctx.read(attributes.source(node, i)) for i in range(2))
    if turned:
        first, second = second, first
    if not equal:
        ctx.emit("broadcasting_greater", y, first, second)
        return
    greater = ctx.temporary("broadcasting_greater", first, second)
    ctx.emit("or_", y, greater, ctx.temporary("broadcasting_equal", first, second))


@lowers("Equal")
def equal(ctx: Context, node: ir.Node) -> None:
    """equal; for booleans, not_ of xor."""
    x, y = attributes.source(node), node.outputs[0]
    first, second = (ctx.read(attributes.source(node, i)) for i in range(2))
    if ctx.dtype(x) == np.bool_:
        ctx.emit("not_", y, ctx.temporary("broadcasting_xor", first, second))
    else:
        ctx.emit("broadcasting_equal", y, first, second)


@lowers(*_LOGICAL)
def logical(ctx: Context, node: ir.Node) -> None:
    """and, or or xor."""
    first, second = (ctx.read(attributes.source(node, i)) for i in range(2))
    ctx.emit(_LOGICAL[node.op_type], node.outputs[0], first, second)


@lowers("Where")
def where(ctx: Context, node: ir.Node) -> None:
    """Where."""
    condition, a, b = (ctx.read(attributes.source(node, i)) for i in range(3))
    ctx.emit("broadcasting_where", node.outputs[0], condition, a, b)


@lowers("Trilu")
def trilu(ctx: Context, node: ir.Node) -> None:
    """Where by a constant triangle."""
    x, y = attributes.source(node), node.outputs[0]
    given = attributes.optional_input(node, 1)
    offset = 0
    if given is not None:
        offset = int(ctx.required_constant(given, "the diagonal of Trilu").reshape(-1)[0])
    full = np.ones(ctx.shape(x)[-2:], np.bool_)
    upper = bool(attributes.integer(node, "upper", 1))
    kept: Operand = np.triu(full, offset) if upper else np.tril(full, offset)
    ctx.emit("broadcasting_where", y, kept, ctx.read(x), ctx.number(x, 0))
