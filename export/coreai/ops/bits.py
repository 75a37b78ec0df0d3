"""Integers as rows of bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

_BITWISE = {
    "BitwiseAnd": "broadcasting_bitwise_and",
    "BitwiseOr": "broadcasting_bitwise_or",
    "BitwiseXor": "broadcasting_bitwise_xor",
}


@lowers(*_BITWISE)
def bitwise(ctx: Context, node: ir.Node) -> None:
    """Bitwise and, bitwise or or bitwise xor."""
    first, second = (ctx.read(attributes.source(node, i)) for i in range(2))
    ctx.emit(_BITWISE[node.op_type], node.outputs[0], first, second)


@lowers("BitwiseNot")
def bitwise_not(ctx: Context, node: ir.Node) -> None:
    """Bitwise xor with a number whose bits are all set."""
    x, y = attributes.source(node), node.outputs[0]
    dtype = ctx.dtype(x)
    ones = np.asarray(-1, dtype) if dtype.kind == "i" else np.asarray(np.iinfo(dtype).max, dtype)
    ctx.emit("broadcasting_bitwise_xor", y, ctx.read(x), ones)


@lowers("BitShift")
def bit_shift(ctx: Context, node: ir.Node) -> None:
    """Mul by a power of two, or floor divide; 0 where all bits go."""
    x, y = attributes.source(node), node.outputs[0]
    dtype = ctx.dtype(x)
    left = attributes.text(node, "direction", "LEFT") == "LEFT"
    kind = "broadcasting_mul" if left else "broadcasting_floor_divide"
    if dtype.kind != "u":
        ctx.emit(kind, y, ctx.read(x), _signed_power(ctx, node, dtype, left))
        return
    amount = ctx.read(attributes.source(node, 1))
    most = np.asarray(np.iinfo(dtype).bits - 1, dtype)
    within: Operand = ctx.temporary("broadcasting_minimum", amount, most)
    power = ctx.temporary("broadcasting_pow", np.asarray(2, dtype), within)
    shifted = ctx.temporary(kind, ctx.read(x), power)
    beyond = ctx.temporary("broadcasting_greater", amount, most)
    ctx.emit("broadcasting_where", y, beyond, np.asarray(0, dtype), shifted)


def _signed_power(ctx: Context, node: ir.Node, dtype: np.dtype[Any], left: bool) -> Array:
    """Return the power of two of a shift of integers with a sign; the largest wraps around.

    Raises:
        Unsupported: It is computed, negative, or too large.
    """
    count = ctx.constant(attributes.source(node, 1))
    most = np.iinfo(dtype).bits - (1 if left else 2)
    if count is None or (count < 0).any() or (count > most).any():
        raise Unsupported(f"BitShift by a computed number, less than 0, or more than {most}")
    return np.left_shift(1, count.astype(np.int64)).astype(dtype)
