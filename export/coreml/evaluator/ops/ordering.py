"""Operators that depend on the order of elements along an axis: sorting and running sums."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, invalid, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("argsort")
def argsort(call: Call) -> Array:
    """The indices that sort an axis, largest element first unless ``ascending``."""
    x = np.asarray(call["x"])
    (axis,) = axes_of(x, call.get("axis", -1))
    return _sorted_indices(x, axis, bool(call.get("ascending", False)))


@computes("topk")
def topk(call: Call) -> Array | tuple[Array, ...]:
    """The k largest (smallest, if ``ascending``) elements along an axis, and their indices.

    They are always sorted: where ``sort`` is false, any order is allowed.
    """
    x = np.asarray(call["x"])
    (axis,) = axes_of(x, call.get("axis", -1))
    (k,) = call.integers("k", [1])
    if k == -1:
        k = x.shape[axis]
    if not 0 <= k <= x.shape[axis]:
        raise invalid(call, f"k is {k}, the axis has {x.shape[axis]} elements")
    order = _sorted_indices(x, axis, bool(call.get("ascending", False)))
    indices = order.take(np.arange(k), axis=axis)
    values = np.take_along_axis(x, indices, axis=axis)
    return (values, indices) if call.get("return_indices", True) else values


@computes("cumsum")
def cumsum(call: Call) -> Array:
    """Running sum along an axis; from its end if ``reverse``, of what precedes if ``exclusive``."""
    x = wide(call["x"])
    (axis,) = axes_of(x, call.get("axis", 0))
    reverse = bool(call.get("reverse", False))
    sums = np.cumsum(np.flip(x, axis) if reverse else x, axis=axis, dtype=x.dtype)
    if call.get("exclusive", False):
        sums = np.roll(sums, 1, axis)
        np.moveaxis(sums, axis, 0)[:1] = 0
    return np.flip(sums, axis).copy() if reverse else sums


def _sorted_indices(x: Array, axis: int, ascending: bool) -> Array:
    """Return int32 indices; equal elements keep their order."""
    keys = x.astype(np.float64)  # holds every type exactly, and can be negated
    order = np.argsort(keys if ascending else -keys, axis=axis, kind="stable")
    return order.astype(np.int32)
