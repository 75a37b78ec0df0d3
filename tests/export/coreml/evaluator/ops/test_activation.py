"""Activations against PyTorch and against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

SPREAD = rand(2, 3, 4, low=-8, high=8)


@pytest.mark.parametrize(
    ("kind", "arguments", "reference"),
    [
        ("relu", {}, functional.relu),
        ("relu6", {}, functional.relu6),
        ("sigmoid", {}, torch.sigmoid),
        ("silu", {}, functional.silu),
        ("softplus", {}, functional.softplus),
        ("softsign", {}, functional.softsign),
        ("tanh", {}, torch.tanh),
        ("elu", {"alpha": 0.3}, lambda x: functional.elu(x, 0.3)),
        ("leaky_relu", {"alpha": 0.1}, lambda x: functional.leaky_relu(x, 0.1)),
        ("gelu", {}, functional.gelu),
        ("gelu", {"mode": "EXACT"}, functional.gelu),
        (
            "gelu",
            {"mode": "TANH_APPROXIMATION"},
            lambda x: functional.gelu(x, approximate="tanh"),
        ),
        ("gelu", {"mode": "SIGMOID_APPROXIMATION"}, lambda x: x * torch.sigmoid(1.702 * x)),
        ("sigmoid_hard", {"alpha": 1 / 6, "beta": 0.5}, functional.hardsigmoid),
        ("softmax", {}, lambda x: functional.softmax(x, -1)),
        ("softmax", {"axis": 1}, lambda x: functional.softmax(x, 1)),
        ("prelu", {"alpha": [0.1, 0.2, 0.3]}, lambda x: functional.prelu(x, _slopes())),
    ],
)
def test_as_pytorch(kind, arguments, reference):
    near(compute(kind, x=SPREAD, **arguments), reference(torch.tensor(SPREAD)).numpy(), 2e-6)


def _slopes() -> torch.Tensor:
    return torch.tensor([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "expected"),
    [
        ("clamped_relu", {"alpha": 0.5, "beta": 3.0}, [-4.0, -1.0, 2.0, 5.0], [-2, -0.5, 2, 3]),
        # A negative slope turns the left side up, where beta bounds it as well.
        ("clamped_relu", {"alpha": -1.0, "beta": 3.0}, [-4.0, -1.0], [3, 1]),
        ("thresholded_relu", {"alpha": 1.0}, [-2.0, 0.5, 1.0, 3.0], [0, 0, 1, 3]),
        ("linear_activation", {"alpha": 2.0, "beta": -1.0}, [-1.0, 0.0, 3.0], [-3, -1, 5]),
        ("sigmoid_hard", {"alpha": 0.5, "beta": 0.5}, [-3.0, 0.0, 0.5, 3.0], [0, 0.5, 0.75, 1]),
        ("leaky_relu", {"alpha": 0.5}, [-2.0, 0.0, 2.0], [-1, 0, 2]),
        (
            "scaled_tanh",
            {"alpha": 2.0, "beta": 0.5},
            [-1.0, 0.0, 3.0],
            [2 * math.tanh(-0.5), 0, 2 * math.tanh(1.5)],
        ),
    ],
)
def test_by_hand(kind, arguments, x, expected):
    near(compute(kind, x=np.float32(x), **arguments), expected)


def test_far_from_zero_nothing_overflows():
    x = np.float32([-200, 200])
    with np.errstate(over="ignore"):
        near(compute("sigmoid", x=x), [0, 1])
        near(compute("silu", x=x), [0, 200])
    near(compute("softplus", x=x), [0, 200])
    near(compute("softmax", x=x), [0, 1])
    near(compute("elu", x=x, alpha=1.0), [-1, 200])


def test_float16_is_computed_in_float32():
    x = np.float16([30.0, 31.0])
    result = compute("softmax", x=x)
    assert result.dtype == np.float32
    near(result, [1 / (1 + math.e), math.e / (1 + math.e)])


def test_parametric_softplus_has_values_for_each_channel():
    x = rand(1, 2, 3)
    alpha, beta = np.float32([2, 3]), np.float32([0.5, 4])
    expected = [alpha[c] * np.log1p(np.exp(beta[c] * x[0, c])) for c in range(2)]
    near(compute("softplus_parametric", x=x, alpha=alpha, beta=beta), [expected], 2e-6)


def test_one_slope_is_not_one_per_channel():
    with pytest.raises(ValueError, match="channels"):
        compute("prelu", x=rand(1, 3, 2), alpha=[0.1])


def test_an_unknown_mode_is_named():
    with pytest.raises(InputError, match="CUBIC"):
        compute("gelu", x=rand(2), mode="CUBIC")
