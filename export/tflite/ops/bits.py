"""Arithmetic on the bits of integers.

TFLite has exclusive or and a shift to the right; the rest is arithmetic around them, in 32 bits.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.elementwise import operands
from _edgeship.export.tflite.ops.registry import lowers

_INT32 = np.dtype(np.int32)


@lowers("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(ctx: Context, node: ir.Node) -> None:
    """BITWISE_XOR, and what carries: a + b = (a ^ b) + 2 (a & b), and a | b = (a ^ b) + (a & b)."""
    perm, (a, b) = _operands(ctx, node)
    result = either = _binary(ctx, "BITWISE_XOR", a, b)
    if node.op_type != "BitwiseXor":
        result = _both(ctx, a, b)
    if node.op_type == "BitwiseOr":
        result = _binary(ctx, "ADD", either, result)
    _bind(ctx, node, result, perm)


@lowers("BitwiseNot")
def bitwise_not(ctx: Context, node: ir.Node) -> None:
    """-1 less the number."""
    perm, (a,) = _operands(ctx, node)
    _bind(ctx, node, _binary(ctx, "SUB", ctx.ints("ones", -1), a), perm)


@lowers("BitShift")
def bit_shift(ctx: Context, node: ir.Node) -> None:
    """RIGHT_SHIFT, or MUL by a power of two looked up in a table.

    A shift by more bits than there are, or by less than none, shifts all of them out.
    """
    perm, (a, b) = _operands(ctx, node)
    y = node.outputs[0]
    unsigned = dtype_of(y) == np.uint32
    if attributes.text(node, "direction", "") == "RIGHT" and unsigned:
        # The first bit is no sign.
        a, b = (ctx.cast(tensor, np.dtype(np.uint32)) for tensor in (a, b))
        _bind(ctx, node, _binary(ctx, "RIGHT_SHIFT", a, b), perm)
        return
    last = 31 if attributes.text(node, "direction", "") == "RIGHT" else 32
    bits = _within(ctx, b, last)
    if last == 31:
        _bind(ctx, node, _binary(ctx, "RIGHT_SHIFT", a, bits), perm)
        return
    powers = np.append(2 ** np.arange(32, dtype=np.int64), 0).astype(np.int32)
    shape = ctx.graph.tensors[b].shape
    opts = options("GatherOptions", axis=0)
    inputs = [ctx.ints("powers", powers), bits]
    factors = ctx.temporary("GATHER", inputs, shape, f"{y.name}/factors", opts)
    _bind(ctx, node, _binary(ctx, "MUL", a, factors), perm)


def _within(ctx: Context, bits: int, last: int) -> int:
    """Return the numbers, those below 0 or above ``last`` as ``last``."""
    tensor = ctx.graph.tensors[bits]
    bound = ctx.ints("last", last)
    below = ctx.temporary(
        "LESS",
        [bits, ctx.ints("zero", 0)],
        tensor.shape,
        f"{tensor.name}/below",
        options("LessOptions"),
        np.dtype(np.bool_),
    )
    inputs = [below, bound, bits]
    opts = options("SelectV2Options")
    bits = ctx.temporary("SELECT_V2", inputs, tensor.shape, tensor.name, opts, _INT32)
    return _binary(ctx, "MINIMUM", bits, bound)


def _operands(ctx: Context, node: ir.Node) -> tuple[Perm, list[int]]:
    """Return the operands as int32, which has the same last bits, all of one shape."""
    if dtype_of(attributes.source(node)) == np.int64:
        raise Unsupported("bits of int64; TFLite has those of 32")
    perm, tensors = operands(ctx, node)
    tensors = [ctx.cast(tensor, _INT32) for tensor in tensors]
    shapes = {ctx.graph.tensors[tensor].shape for tensor in tensors}
    if len(shapes) > 1:
        # XNNPACK and the plain kernels broadcast arithmetic, and no shifts.
        zero = ctx.graph.constant("zero", np.zeros(np.broadcast_shapes(*shapes), np.int32))
        tensors = [_binary(ctx, "ADD", tensor, zero) for tensor in tensors]
    return perm, tensors


def _both(ctx: Context, a: int, b: int) -> int:
    """Return a & b: twice that of all bits but the last, and that of the last bits."""
    one, two = ctx.ints("one", 1), ctx.ints("two", 2)
    half, other = (_binary(ctx, "RIGHT_SHIFT", x, _like(ctx, one, x)) for x in (a, b))
    differing = _binary(ctx, "BITWISE_XOR", half, other)
    high = _binary(ctx, "SUB", _binary(ctx, "ADD", half, other), differing)
    last = [_binary(ctx, "FLOOR_MOD", x, two) for x in (a, b)]
    return _binary(ctx, "ADD", high, _binary(ctx, "MUL", *last))


def _like(ctx: Context, number: int, tensor: int) -> int:
    data = ctx.graph.tensors[number].data
    return ctx.ints("shift", np.broadcast_to(np.asarray(data), ctx.graph.tensors[tensor].shape))


def _bind(ctx: Context, node: ir.Node, tensor: int, perm: Perm) -> None:
    y = node.outputs[0]
    ctx.bind(y, ctx.cast(tensor, dtype_of(y)), perm)


_OPTIONS = {
    "ADD": "AddOptions",
    "BITWISE_XOR": "BitwiseXorOptions",
    "FLOOR_MOD": "FloorModOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MUL": "MulOptions",
    "RIGHT_SHIFT": "RightShiftOptions",
    "SUB": "SubOptions",
}


def _binary(ctx: Context, kind: str, a: int, b: int) -> int:
    shape = np.broadcast_shapes(*(ctx.graph.tensors[tensor].shape for tensor in (a, b)))
    name = f"{ctx.graph.tensors[b].name}/{kind.lower()}"
    return ctx.temporary(kind, [a, b], shape, name, options(_OPTIONS[kind]))
