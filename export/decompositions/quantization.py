"""Conversions to integers and back that stand alone: at the ports of a network, or per channel."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@decomposes("QuantizeLinear")
def quantize_linear(b: Builder, node: ir.Node) -> ir.Value:
    """``clip(round(x / scale) + zero point)``; halves go to the even integer."""
    x, scale, zero = _operands(b, node)
    dtype = b.dtype(node.outputs[0])
    if dtype.kind not in "iu":
        raise Unsupported(f"integers of the type {dtype}")
    counts = b.op("Round", b.op("Div", x, scale))
    if zero is not None:
        counts = b.op("Add", counts, b.cast(zero, np.float32))
    return b.cast(_limited(b, counts, dtype), dtype)


@decomposes("DequantizeLinear")
def dequantize_linear(b: Builder, node: ir.Node) -> ir.Value:
    """``(x - zero point) * scale``."""
    x, scale, zero = _operands(b, node)
    counts = b.cast(x, np.float32)
    if zero is not None:
        counts = b.op("Sub", counts, b.cast(zero, np.float32))
    return b.op("Mul", counts, scale)


@decomposes("DynamicQuantizeLinear")
def dynamic_quantize_linear(b: Builder, node: ir.Node) -> list[ir.Value]:
    """QuantizeLinear to uint8, by the range of what comes and zero."""
    x = attributes.source(node)
    high = b.op("Max", b.op("ReduceMax", x, keepdims=0), 0.0)
    low = b.op("Min", b.op("ReduceMin", x, keepdims=0), 0.0)
    width = b.op("Sub", high, low)
    # Zeros throughout leave no range; any scale will do.
    step = b.op("Div", width, 255.0)
    scale = b.op("Where", b.op("Equal", width, 0.0), np.ones((), np.float32), step)
    zero = b.op("Round", _limited(b, b.op("Div", b.op("Neg", low), scale), np.dtype(np.uint8)))
    counts = b.op("Add", b.op("Round", b.op("Div", x, scale)), zero)
    limited = _limited(b, counts, np.dtype(np.uint8))
    return [b.cast(limited, np.uint8), scale, b.cast(zero, np.uint8)]


def _operands(b: Builder, node: ir.Node) -> tuple[ir.Value, ir.Value, ir.Value | None]:
    """Return what is converted, the scale and the zero point, these in shapes that broadcast."""
    x, scale = attributes.source(node), attributes.source(node, 1)
    zero = attributes.optional_input(node, 2)
    axis, block = attributes.integer(node, "axis", 1), attributes.integer(node, "block_size", 0)
    shape = b.shape(scale)
    if block and len(shape) == len(b.shape(x)):
        axis %= len(shape)
        extent = b.shape(x)[axis]
        scale = _repeated(b, scale, axis, block, extent)
        return x, scale, None if zero is None else _repeated(b, zero, axis, block, extent)
    if len(shape) == 1 and shape != (1,):
        extents = [1] * len(b.shape(x))
        extents[axis] = shape[0]
        scale = b.reshape(scale, extents)
        zero = None if zero is None else b.reshape(zero, extents)
    return x, scale, zero


def _repeated(b: Builder, value: ir.Value, axis: int, block: int, extent: int) -> ir.Value:
    """Return what is one for each block along an axis as one for each place."""
    shape = list(b.shape(value))
    apart = b.reshape(b.cast(value, np.float32), [*shape[: axis + 1], 1, *shape[axis + 1 :]])
    filled = [*shape[: axis + 1], block, *shape[axis + 1 :]]
    each = b.op("Expand", apart, np.array(filled, np.int64))
    whole = b.reshape(each, [*shape[:axis], shape[axis] * block, *shape[axis + 1 :]])
    return b.slice(whole, axis, 0, extent)


def _limited(b: Builder, counts: ir.Value, dtype: np.dtype[np.generic]) -> ir.Value:
    info = ml_dtypes.iinfo(dtype)  # type: ignore[no-untyped-call]
    low, high = np.float32(info.min), np.float32(info.max)
    return b.op("Clip", counts, np.asarray(low), np.asarray(high))
