"""Integers as rows of bits: MIL has arithmetic only."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.integers import NARROW, emit_wrapped
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: The largest power of two in int32 has this many zeros.
_MOST = 30

#: What the bits count, from the least to the sign.
_WEIGHTS = np.array([2**k for k in range(_MOST + 1)] + [-(2**31)], np.int32)

_UNSIGNED = (ir.DataType.UINT8, ir.DataType.UINT16)

#: Of two bits that are 0 or 1.
_OF_BITS = {"BitwiseAnd": "minimum", "BitwiseOr": "maximum", "BitwiseXor": "not_equal"}


@lowers("BitShift")
def bit_shift(ctx: Context, node: ir.Node) -> None:
    """Mul by a power of two, or floor_div."""
    x, bits, y = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    count = ctx.constant(bits)
    left = attributes.text(node, "direction", "LEFT") == "LEFT"
    power: Operand
    if count is not None:
        if (count < 0).any() or (x.dtype not in NARROW and (count > _MOST).any()):
            raise Unsupported(f"BitShift by less than 0 or more than {_MOST} bits")
        power = np.left_shift(1, np.minimum(count, _MOST).astype(np.int32)).astype(np.int32)
    elif bits.dtype in _UNSIGNED:
        least = ctx.temporary("minimum", f"{y.name}/bits", x=ctx.read(bits), y=np.int32(_MOST))
        power = ctx.temporary("pow", f"{y.name}/power", x=np.int32(2), y=least)
    else:
        raise Unsupported("BitShift by a computed number that may be negative or large")
    if left:
        emit_wrapped(ctx, "mul", y, x=ctx.read(x), y=power)
    else:
        ctx.emit("floor_div", y, x=ctx.read(x), y=power)


@lowers("BitwiseNot")
def bitwise_not(ctx: Context, node: ir.Node) -> None:
    """-1 less the operand, which wraps around for unsigned integers."""
    x = ctx.read(attributes.source(node))
    emit_wrapped(ctx, "sub", node.outputs[0], x=np.int32(-1), y=x)


@lowers(*_OF_BITS)
def bitwise(ctx: Context, node: ir.Node) -> None:
    """The bits of both operands along a new axis, put together, and summed by what they count."""
    y = node.outputs[0]
    first, second = (_bits(ctx, node, i) for i in range(2))
    made = ctx.temporary(_OF_BITS[node.op_type], f"{y.name}/bits", x=first, y=second)
    if node.op_type == "BitwiseXor":
        made = ctx.temporary("cast", f"{y.name}/ones", x=made, dtype="int32")
    counted = ctx.temporary("mul", f"{y.name}/counted", x=made, y=_WEIGHTS)
    emit_wrapped(ctx, "reduce_sum", y, x=counted, axes=[-1], keep_dims=False)


def _bits(ctx: Context, node: ir.Node, index: int) -> Operand:
    """Return the 32 bits of an operand along a last axis, as 0 and 1; the sign is the last."""
    value, y = attributes.source(node, index), node.outputs[0]
    data = ctx.constant(value)
    if data is not None:
        shifted = data.astype(np.int64)[..., None] >> np.arange(32)
        return (shifted & 1).astype(np.int32)
    name = f"{y.name}/{index}"
    wide = ctx.temporary("expand_dims", f"{name}/axis", x=ctx.read(value), axes=[-1])
    shifted = ctx.temporary("floor_div", f"{name}/shifted", x=wide, y=_WEIGHTS[:-1])
    below = ctx.temporary("mod", f"{name}/below", x=shifted, y=np.int32(2))
    negative = ctx.temporary("less", f"{name}/negative", x=wide, y=np.int32(0))
    sign = ctx.temporary("cast", f"{name}/sign", x=negative, dtype="int32")
    return ctx.temporary("concat", f"{name}/bits", values=(below, sign), axis=-1)
