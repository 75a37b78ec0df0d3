"""Normalizations of float16 and float32 tensors; statistics are computed in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import (
    axes_of,
    invalid,
    per_channel,
    undocumented,
    wide,
)
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("batch_norm")
def batch_norm(call: Call) -> Array:
    """Each channel of (N, C, ...) as gamma * (x - mean) / sqrt(variance + epsilon) + beta."""
    x = wide(call["x"])
    scale = 1 / np.sqrt(per_channel(x, call["variance"]) + wide(call.get("epsilon", 1e-5)))
    if call.get("gamma", None) is not None:
        scale = scale * per_channel(x, call["gamma"])
    return _shifted(call, x, (x - per_channel(x, call["mean"])) * scale)


@computes("instance_norm")
def instance_norm(call: Call) -> Array:
    """Normalize each channel of each sample of (N, C, ...) by its own mean and variance."""
    x = wide(call["x"])
    result = _normalized(call, x, tuple(range(2, x.ndim)))
    if call.get("gamma", None) is not None:
        result = result * per_channel(x, call["gamma"])
    return _shifted(call, x, result)


@computes("layer_norm")
def layer_norm(call: Call) -> Array:
    """Normalize over some axes; ``gamma`` and ``beta`` have the shape of these axes."""
    x = wide(call["x"])
    axes = axes_of(x, call.get("axes", None))
    result = _normalized(call, x, axes)
    for name in ("gamma", "beta"):
        values = call.get(name, None)
        if values is None:
            continue
        if np.shape(values) != tuple(x.shape[axis] for axis in axes):
            raise invalid(call, f"{name} has the shape {np.shape(values)}, axes {axes} another")
        spread = _spread(wide(values), axes, x.ndim)
        result = result * spread if name == "gamma" else result + spread
    return result


@computes("l2_norm")
def l2_norm(call: Call) -> Array:
    """Divide by sqrt(sum of x^2 + epsilon), where the sum is over the last three axes."""
    x = wide(call["x"])
    if x.ndim < 3:
        raise invalid(call, f"x has {x.ndim} axes, not 3 or more")
    total = np.square(x).sum(axis=(-3, -2, -1), keepdims=True)
    result: Array = x / np.sqrt(total + wide(call.get("epsilon", 1e-6)))
    return result


@computes("local_response_norm")
def local_response_norm(call: Call) -> Array:
    """Divide by (k + alpha / size * sum of x^2 over the channels around it)^beta."""
    x = wide(call["x"])
    (size,) = call.integers("size")
    if size % 2 == 0:
        raise undocumented(call, "on which side of a channel an even size takes one more")
    alpha, beta, k = (
        wide(call.get(name, default))
        for name, default in (("alpha", 1e-4), ("beta", 0.75), ("k", 1.0))
    )
    reach = size // 2
    squares = np.pad(np.square(x), [(0, 0), (reach, reach)] + [(0, 0)] * (x.ndim - 2))
    total = np.sum([squares[:, i : i + x.shape[1]] for i in range(size)], axis=0)
    result: Array = x / np.power(k + alpha / size * total, beta)
    return result


def _normalized(call: Call, x: Array, axes: tuple[int, ...]) -> Array:
    centred = x - x.mean(axis=axes, keepdims=True)
    variance = np.square(centred).mean(axis=axes, keepdims=True)
    result: Array = centred / np.sqrt(variance + wide(call.get("epsilon", 1e-5)))
    return result


def _shifted(call: Call, x: Array, result: Array) -> Array:
    beta: Any = call.get("beta", None)
    return result if beta is None else result + per_channel(x, beta)


def _spread(values: Array, axes: tuple[int, ...], rank: int) -> Array:
    """Return values over some axes in a shape that broadcasts with all axes."""
    shape = [1] * rank
    for axis, extent in zip(axes, values.shape, strict=True):
        shape[axis] = extent
    result: Array = values.transpose(np.argsort(axes)).reshape(shape)
    return result
