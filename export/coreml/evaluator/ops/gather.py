"""Operators that read at computed places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, demand_room, invalid
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("gather")
def gather(call: Call) -> Array:
    """Slices of ``x`` along an axis, in the order and shape of the indices.

    The first ``batch_dims`` axes of both are the same, and each part of ``x`` is read with its part
    of the indices.
    """
    x = np.asarray(call["x"])
    (axis,) = axes_of(x, call.get("axis", 0))
    indices = _indices(call, x.shape[axis])
    (batch_dims,) = call.integers("batch_dims", [0])
    demand_room(call, [*indices.shape, *x.shape[batch_dims:axis], *x.shape[axis + 1 :]])
    if batch_dims == 0:
        return np.asarray(x.take(indices, axis))
    if axis < batch_dims:
        raise invalid(call, f"axis {axis} is one of {batch_dims} that count samples")
    parts, chosen = _samples(call, x, indices, batch_dims)
    results = [part.take(some, axis - batch_dims) for part, some in zip(parts, chosen, strict=True)]
    result: Array = np.stack(results).reshape(x.shape[:batch_dims] + results[0].shape)
    return result


@computes("gather_along_axis")
def gather_along_axis(call: Call) -> Array:
    """For each index, the element of ``x`` at the same place, but at the index along ``axis``."""
    x = np.asarray(call["x"])
    (axis,) = axes_of(x, call.get("axis", 0))
    indices = _indices(call, x.shape[axis])
    others = [i for i in range(x.ndim) if i != axis]
    if indices.ndim != x.ndim or any(indices.shape[i] > x.shape[i] for i in others):
        raise invalid(call, f"indices of shape {indices.shape} into {x.shape}")
    reached = tuple(slice(None) if i == axis else slice(indices.shape[i]) for i in range(x.ndim))
    return np.take_along_axis(x[reached], indices, axis)


@computes("gather_nd")
def gather_nd(call: Call) -> Array:
    """The slices of ``x`` at the places that the vectors along the last axis of the indices give.

    The first ``batch_dims`` axes are treated as ``gather`` treats them.
    """
    x = np.asarray(call["x"])
    (batch_dims,) = call.integers("batch_dims", [0])
    depth = np.shape(call["indices"])[-1]
    if batch_dims + depth > x.ndim:
        raise invalid(call, f"indices of {depth} numbers into {x.ndim - batch_dims} axes")
    indices = _indices(call, np.array(x.shape[batch_dims : batch_dims + depth]))
    demand_room(call, [*indices.shape[:-1], *x.shape[batch_dims + depth :]])
    parts, chosen = _samples(call, x, indices, batch_dims)
    results = [
        part[tuple(np.moveaxis(some, -1, 0))] for part, some in zip(parts, chosen, strict=True)
    ]
    result: Array = np.stack(results).reshape(x.shape[:batch_dims] + results[0].shape)
    return result


def _indices(call: Call, extent: Any) -> Array:
    """Return the indices, of which negative ones count from the end up to iOS 16, as 0 or more.

    Raises:
        InputError: If one is out of range, as negative ones are since iOS 17.
    """
    indices = np.asarray(call["indices"]).astype(np.int64)
    lowest = 0 if call.opset >= 17 else -extent
    outside = (indices < lowest) | (indices >= extent)
    if outside.any():
        wrong = indices[outside].flat[0]
        raise invalid(call, f"the index {wrong} is outside of an axis of {extent} elements")
    return np.where(indices < 0, indices + extent, indices)


def _samples(call: Call, x: Array, indices: Array, batch_dims: int) -> tuple[Array, Array]:
    """Return both with their first ``batch_dims`` axes, which must be equal, merged into one."""
    if not 0 <= batch_dims < indices.ndim or x.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise invalid(call, f"{batch_dims} equal axes of {x.shape} and {indices.shape}")
    count = math.prod(x.shape[:batch_dims])
    return (
        x.reshape(count, *x.shape[batch_dims:]),
        indices.reshape(count, *indices.shape[batch_dims:]),
    )
