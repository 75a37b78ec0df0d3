"""Numbers that are rounded to 8 bits, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context
from _edgeship.export.coreai.building.storage import at_least, scaled
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

_BYTES = (np.int8, np.uint8)

#: The largest relative error of a scale that is rounded to float16 without loss of digits.
_EXACT = 2.0**-11


@lowers("QuantizeLinear")
def quantize_linear(ctx: Context, node: ir.Node) -> None:
    """quantize, with one scale or one for each element of an axis."""
    x, y = attributes.source(node), node.outputs[0]
    scale, zero, axis = _parameters(ctx, node, ctx.dtype(y))
    offset = np.zeros(scale.shape, ctx.dtype(x))
    ctx.emit("quantize", y, ctx.read(x), scale, zero, offset, axis)


@lowers("DequantizeLinear")
def dequantize_linear(ctx: Context, node: ir.Node) -> None:
    """dequantize; blockwise_shift_scale for weights, which stay integers in the file."""
    x, y = attributes.source(node), node.outputs[0]
    data = ctx.constant(x)
    kind = np.dtype(data.dtype) if data is not None else ctx.dtype(x)
    if data is not None and (kind not in _BYTES or data.ndim < 2):
        ctx.fold(y, _dequantized(ctx, node, data))
        return
    scale, zero, axis = _parameters(ctx, node, kind)
    if data is None:
        offset = np.zeros(scale.shape, ctx.dtype(y))
        ctx.emit("dequantize", y, ctx.read(x), scale, zero, offset, axis)
        return
    shape = [1] * data.ndim
    if scale.ndim:
        shape[int(axis)] = scale.size
    factors, zeros = scale.reshape(shape), zero.reshape(shape)
    data, factors = _in_type(data, factors, zeros, ctx.real)
    value = scaled(ctx.library, data, factors, zeros, x.name or "weight")
    ctx.bind(y, value, "blockwise_shift_scale")


def _in_type(data: Array, scale: Array, zero: Array, real: np.dtype[Any]) -> tuple[Array, Array]:
    """Return integers and their scales in the type of the arithmetic.

    Where that has few digits for a scale, its integers are chosen again for the one it has.
    """
    exact = scale.astype(real)
    few = np.abs(exact.astype(np.float32) - scale) > scale * _EXACT
    larger = np.where(few, at_least(scale, real), exact)
    ratio = np.divide(scale, larger.astype(np.float32), out=np.ones_like(scale), where=few)
    integers = np.rint((data - zero.astype(np.float32)) * ratio) + zero
    return integers.astype(data.dtype), larger


def _parameters(ctx: Context, node: ir.Node, kind: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Return scale, zero point and axis as Core AI's operators take them.

    Raises:
        Unsupported: The integers have not 8 bits, or blocks have scales of their own.
    """
    if kind not in _BYTES:
        raise Unsupported(f"integers of type {kind.name}; Core AI quantizes to 8 bits")
    if attributes.integer(node, "block_size", 0):
        raise Unsupported("quantization in blocks")
    scale = ctx.required_constant(attributes.source(node, 1), "the scale")
    given = attributes.optional_input(node, 2)
    zero = (
        np.zeros(scale.shape) if given is None else ctx.required_constant(given, "the zero point")
    )
    rank = len(ctx.shape(attributes.source(node)))
    if scale.size == 1:
        axis: Array = np.arange(rank, dtype=np.int32)
        scale, zero = scale.reshape(()), zero.reshape(())
    elif scale.ndim == 1:
        axis = np.asarray(attributes.integer(node, "axis", 1) % rank, np.int32)
    else:
        raise Unsupported("quantization in blocks")
    return scale.astype(np.float32), zero.astype(kind), axis


def _dequantized(ctx: Context, node: ir.Node, data: Array) -> Array:
    """Return the numbers that integers stand for: of a bias, which is added in float."""
    scale = ctx.required_constant(attributes.source(node, 1), "the scale")
    given = attributes.optional_input(node, 2)
    zero = np.zeros(()) if given is None else ctx.required_constant(given, "the zero point")
    shape = [1] * data.ndim
    if scale.size > 1:
        if scale.ndim != 1:
            raise Unsupported("quantization in blocks")
        shape[attributes.integer(node, "axis", 1) % data.ndim] = scale.size
    scale, zero = (one.reshape(shape) if one.size > 1 else one.reshape(()) for one in (scale, zero))
    made: Array = ((data.astype(np.float64) - zero) * scale).astype(np.float32)
    return made
