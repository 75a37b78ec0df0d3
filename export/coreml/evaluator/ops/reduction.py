"""Reductions over axes; sums of float16 are kept in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, whole, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, Computation, computes


def _log_sum_exp(x: Array, **over: Any) -> Array:
    largest = x.max(axis=over["axis"], keepdims=True)
    sums = np.log(np.exp(x - largest).sum(**over))
    result: Array = sums + largest.reshape(sums.shape)
    return result


# Each takes axis=(...), keepdims=bool as NumPy's functions do.
_REDUCTIONS: dict[str, Callable[..., Array]] = {
    "reduce_l1_norm": lambda x, **over: np.abs(x).sum(**over),
    "reduce_l2_norm": lambda x, **over: np.sqrt(np.square(x).sum(**over)),
    "reduce_log_sum": lambda x, **over: np.log(x.sum(**over)),
    "reduce_log_sum_exp": _log_sum_exp,
    "reduce_max": np.max,
    "reduce_mean": np.mean,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_sum": np.sum,
    "reduce_sum_square": lambda x, **over: np.square(x).sum(**over),
}


def _reduction(function: Callable[..., Array]) -> Computation:
    def compute(call: Call) -> Array:
        x = wide(call["x"])
        axes = axes_of(x, call.get("axes", None))
        result = function(x, axis=axes, keepdims=bool(call.get("keep_dims", False)))
        return whole(call, np.asarray(result), x)

    return compute


for _kind, _function in _REDUCTIONS.items():
    computes(_kind)(_reduction(_function))


@computes("reduce_argmax")
def reduce_argmax(call: Call) -> Array:
    """Index of the largest element along an axis; the first of equal ones."""
    return _index(call, np.argmax)


@computes("reduce_argmin")
def reduce_argmin(call: Call) -> Array:
    """Index of the smallest element along an axis; the first of equal ones."""
    return _index(call, np.argmin)


def _index(call: Call, function: Callable[..., Any]) -> Array:
    x = wide(call["x"])
    (axis,) = axes_of(x, call.get("axis", -1))
    result = function(x, axis=axis, keepdims=bool(call.get("keep_dims", False)))
    return np.asarray(result, dtype=np.int32)
