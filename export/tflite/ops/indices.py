"""Indices that a network computes or holds, made into what TFLite's operators read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options

_INT32 = np.dtype(np.int32)
#: Operators that give no index below zero.
_COUNTING = ("ArgMax", "ArgMin", "TopK")


def known(ctx: Context, value: ir.Value, extents: Sequence[int]) -> Array | None:
    """Return constant indices counted from the front, or None if the graph computes them.

    Args:
        ctx: The graph under construction.
        value: Indices.
        extents: Of what they count, to be broadcast to them: one, or one for each of the last axis.

    Raises:
        Unsupported: An index is out of bounds.
    """
    data = ctx.constant(value)
    if data is None:
        return None
    bounds = np.asarray(extents, np.int64)
    data = data.astype(np.int64)
    if ((data < -bounds) | (data >= bounds)).any():
        raise Unsupported(f"{value.name} has indices out of bounds")
    return np.asarray(data % bounds)


def computed(ctx: Context, value: ir.Value, extents: Sequence[int]) -> int:
    """Return computed indices, int32 and counted from the front, in ONNX's order."""
    tensor = ctx.read(value)
    producer = value.producer()
    if ctx.graph.tensors[tensor].dtype != np.int64:
        tensor = ctx.cast(tensor, _INT32)
    if producer is None or producer.op_type not in _COUNTING:
        # Those from behind are below zero; kernels take none.
        dtype = ctx.graph.tensors[tensor].dtype
        bound = extents if len(extents) > 1 else extents[0]  # the indices may be a single one
        bounds = ctx.graph.constant("extents", np.asarray(bound, dtype))
        tensor = _arithmetic(ctx, "FLOOR_MOD", tensor, bounds)
    return ctx.cast(tensor, _INT32)


def strides(shape: Sequence[int]) -> list[int]:
    """Return how far apart neighbours along each axis lie among all elements, last axis fastest."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def multiplied(ctx: Context, tensor: int, factors: Array) -> int:
    """Return indices times constants that are broadcast to them."""
    if (factors == 1).all():
        return tensor
    return _arithmetic(ctx, "MUL", tensor, ctx.ints("strides", factors))


def shifted(ctx: Context, tensor: int, offsets: Array) -> int:
    """Return indices plus constants that are broadcast to them."""
    if not offsets.any():
        return tensor
    return _arithmetic(ctx, "ADD", tensor, ctx.ints("offsets", offsets))


def summed(ctx: Context, tensor: int) -> int:
    """Return the sums over the last axis."""
    shape = ctx.graph.tensors[tensor].shape
    if shape[-1] == 1:
        return ctx.reshape(tensor, shape[:-1])
    inputs = [tensor, ctx.ints("axes", [len(shape) - 1])]
    name = f"{ctx.graph.tensors[tensor].name}/sum"
    return ctx.temporary("SUM", inputs, shape[:-1], name, options("ReducerOptions", keepDims=False))


_OPTIONS = {"ADD": "AddOptions", "FLOOR_MOD": "FloorModOptions", "MUL": "MulOptions"}


def _arithmetic(ctx: Context, kind: str, tensor: int, other: int) -> int:
    source = ctx.graph.tensors[tensor]
    shape = np.broadcast_shapes(source.shape, ctx.graph.tensors[other].shape)
    name = f"{source.name}/{kind.lower()}"
    return ctx.temporary(kind, [tensor, other], shape, name, options(_OPTIONS[kind]))
