"""Operators that write to computed places, one update after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, invalid, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes

_MODES: dict[str, Callable[[Any, Any, Any], None]] = {
    "add": np.add.at,
    "div": np.true_divide.at,
    "max": np.maximum.at,
    "min": np.minimum.at,
    "mul": np.multiply.at,
    "sub": np.subtract.at,
}


@computes("scatter")
def scatter(call: Call) -> Array:
    """Slices along an axis, written to the places that a vector of indices gives."""
    data, updates = _operands(call)
    (axis,) = axes_of(data, call.get("axis", 0))
    indices = _indices(call, data.shape[axis])
    if indices.ndim != 1:
        raise invalid(call, f"indices with {indices.ndim} axes, not 1")
    wanted = (*data.shape[:axis], len(indices), *data.shape[axis + 1 :])
    if updates.shape != wanted:
        raise invalid(call, f"updates of shape {updates.shape}, not {wanted}")
    return _written(call, data, (slice(None),) * axis + (indices,), updates)


@computes("scatter_along_axis")
def scatter_along_axis(call: Call) -> Array:
    """Each update, written to its own place, but at the index along ``axis``."""
    data, updates = _operands(call)
    (axis,) = axes_of(data, call.get("axis", 0))
    indices = _indices(call, data.shape[axis])
    others = [i for i in range(data.ndim) if i != axis]
    if indices.shape != updates.shape or indices.ndim != data.ndim:
        raise invalid(call, f"indices {indices.shape}, updates {updates.shape}")
    if any(indices.shape[i] != data.shape[i] for i in others):
        raise invalid(call, f"indices of shape {indices.shape} into {data.shape}")
    places: list[Array] = list(np.indices(indices.shape))
    places[axis] = indices
    return _written(call, data, tuple(places), updates)


@computes("scatter_nd")
def scatter_nd(call: Call) -> Array:
    """Slices, written to the places that the vectors along the last axis of the indices give."""
    data, updates = _operands(call)
    depth = np.shape(call["indices"])[-1]
    if depth > data.ndim:
        raise invalid(call, f"indices of {depth} numbers into {data.ndim} axes")
    indices = _indices(call, np.array(data.shape[:depth]))
    wanted = (*indices.shape[:-1], *data.shape[depth:])
    if updates.shape != wanted:
        raise invalid(call, f"updates of shape {updates.shape}, not {wanted}")
    return _written(call, data, tuple(np.moveaxis(indices, -1, 0)), updates)


def _operands(call: Call) -> tuple[Array, Array]:
    return np.array(wide(call["data"])), wide(call["updates"])


def _indices(call: Call, extent: Any) -> Array:
    """Return the indices.

    Raises:
        InputError: One is out of range. What a negative one means is not documented before iOS 17,
            and it is out of range since.
    """
    indices = np.asarray(call["indices"]).astype(np.int64)
    outside = (indices < 0) | (indices >= extent)
    if outside.any():
        raise invalid(call, f"the index {indices[outside].flat[0]} is outside of its axis")
    return indices


def _written(call: Call, data: Array, places: tuple[Any, ...], updates: Array) -> Array:
    """Return the data with the updates; of several to one place, the last one stays."""
    mode = str(call.get("mode", "add"))
    if mode == "update":
        data[places] = updates
        return data
    if mode not in _MODES:
        raise invalid(call, f"mode is {mode!r}")
    _MODES[mode](data, places, updates)
    return data
