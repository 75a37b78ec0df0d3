"""Activations: tensors of any shape in float16 or float32, results of the same shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, invalid, per_channel, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, Computation, computes


def erf(x: Array) -> Array:
    """Return the error function of each element."""
    result: Array = torch.erf(torch.tensor(x)).numpy()  # NumPy has none
    return result


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x) of each element."""
    result: Array = 1 / (1 + np.exp(-x))  # where e^-x is infinite, the result is 0 as it should be
    return result


def _silu(x: Array) -> Array:
    return x * sigmoid(x)


def _softplus(x: Array) -> Array:
    return np.logaddexp(np.zeros_like(x), x)


def _gelu(x: Array) -> Array:
    result: Array = 0.5 * x * (1 + erf(x / np.sqrt(np.float32(2))))
    return result


def _gelu_tanh(x: Array) -> Array:
    result: Array = 0.5 * x * (1 + np.tanh(np.sqrt(np.float32(2 / np.pi)) * (x + 0.044715 * x**3)))
    return result


def _gelu_sigmoid(x: Array) -> Array:
    return x * sigmoid(1.702 * x)


_GELU: dict[str, Callable[[Array], Array]] = {
    "EXACT": _gelu,
    "TANH_APPROXIMATION": _gelu_tanh,
    "SIGMOID_APPROXIMATION": _gelu_sigmoid,
}

_PLAIN: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": sigmoid,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
}

_WITH_ALPHA: dict[str, Callable[[Array, Array], Array]] = {
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "leaky_relu": lambda x, alpha: np.where(x >= 0, x, alpha * x),
    "thresholded_relu": lambda x, alpha: np.where(x >= alpha, x, 0),
}

_WITH_ALPHA_AND_BETA: dict[str, Callable[[Array, Array, Array], Array]] = {
    "clamped_relu": lambda x, alpha, beta: np.minimum(np.where(x >= 0, x, alpha * x), beta),
    "linear_activation": lambda x, alpha, beta: x * alpha + beta,
    "scaled_tanh": lambda x, alpha, beta: alpha * np.tanh(beta * x),
    "sigmoid_hard": lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1),
}


def _plain(function: Callable[[Array], Array]) -> Computation:
    return lambda call: function(wide(call["x"]))


def _with_alpha(function: Callable[[Array, Array], Array]) -> Computation:
    return lambda call: function(wide(call["x"]), wide(call["alpha"]))


def _with_alpha_and_beta(function: Callable[[Array, Array, Array], Array]) -> Computation:
    return lambda call: function(wide(call["x"]), wide(call["alpha"]), wide(call["beta"]))


for _kind, _function in _PLAIN.items():
    computes(_kind)(_plain(_function))
for _kind, _function_of_2 in _WITH_ALPHA.items():
    computes(_kind)(_with_alpha(_function_of_2))
for _kind, _function_of_3 in _WITH_ALPHA_AND_BETA.items():
    computes(_kind)(_with_alpha_and_beta(_function_of_3))


@computes("gelu")
def gelu(call: Call) -> Array:
    """Gaussian error linear unit, exact or in one of two approximations."""
    mode = call.get("mode", "EXACT")
    if mode not in _GELU:
        raise invalid(call, f"mode is {mode!r}, not one of {', '.join(_GELU)}")
    return _GELU[mode](wide(call["x"]))


@computes("prelu")
def prelu(call: Call) -> Array:
    """Leaky ReLU with one slope per channel: ``x`` (N, C, ...), ``alpha`` (C)."""
    x = wide(call["x"])
    return np.where(x > 0, x, per_channel(x, call["alpha"]) * x)


@computes("softplus_parametric")
def softplus_parametric(call: Call) -> Array:
    """Return alpha * log(1 + e^(beta * x)), ``alpha`` and ``beta`` (C) for ``x`` (N, C, ...)."""
    x = wide(call["x"])
    return per_channel(x, call["alpha"]) * _softplus(per_channel(x, call["beta"]) * x)


@computes("softmax")
def softmax(call: Call) -> Array:
    """e^x, divided by its sum over one axis."""
    x = wide(call["x"])
    (axis,) = axes_of(x, call.get("axis", -1))
    # The largest element is taken off first, which changes nothing but keeps e^x finite.
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    result: Array = powers / powers.sum(axis=axis, keepdims=True)
    return result
