"""Normalizations against PyTorch and against the documentation's formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError, UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

GAMMA, BETA = np.float32([0.5, 1.0, -2.0]), np.float32([0.1, 0.0, 3.0])
MEAN, VARIANCE = np.float32([0.3, -1.0, 0.0]), np.float32([0.5, 2.0, 0.01])


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5), (1, 3, 2, 3, 4)])
def test_batch_norm(shape):
    x = rand(*shape)
    tensors = [torch.tensor(values) for values in (x, MEAN, VARIANCE, GAMMA, BETA)]
    expected = functional.batch_norm(*tensors, eps=1e-3).numpy()
    arguments = {"mean": MEAN, "variance": VARIANCE, "gamma": GAMMA, "beta": BETA}
    near(compute("batch_norm", x=x, epsilon=1e-3, **arguments), expected, 1e-5)


def test_batch_norm_without_scale_and_offset():
    x = rand(2, 3, 4)
    expected = functional.batch_norm(*map(torch.tensor, (x, MEAN, VARIANCE))).numpy()
    near(compute("batch_norm", x=x, mean=MEAN, variance=VARIANCE), expected, 1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5)])
def test_instance_norm(shape):
    x = rand(*shape)
    given = [torch.tensor(values) for values in (x, GAMMA, BETA)]
    expected = functional.instance_norm(given[0], weight=given[1], bias=given[2], eps=0.01)
    found = compute("instance_norm", x=x, gamma=GAMMA, beta=BETA, epsilon=0.01)
    near(found, expected.numpy(), 1e-5)
    near(compute("instance_norm", x=x), functional.instance_norm(given[0]).numpy(), 1e-5)


def test_layer_norm_of_the_last_axes():
    x, gamma, beta = rand(2, 3, 4, 5), rand(4, 5), rand(4, 5, low=0)
    expected = functional.layer_norm(
        torch.tensor(x), (4, 5), torch.tensor(gamma), torch.tensor(beta), 0.01
    )
    found = compute("layer_norm", x=x, axes=[2, -1], gamma=gamma, beta=beta, epsilon=0.01)
    near(found, expected.numpy(), 1e-5)
    near(compute("layer_norm", x=x), functional.layer_norm(torch.tensor(x), x.shape), 1e-5)


def test_layer_norm_of_the_channels():
    x = rand(2, 3, 4, 5)
    centred = x - x.mean(1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    expected = expected * GAMMA[:, None, None] + BETA[:, None, None]
    near(compute("layer_norm", x=x, axes=[1], gamma=GAMMA, beta=BETA), expected, 1e-5)


def test_layer_norm_takes_its_scale_in_the_order_of_its_axes():
    x, gamma = rand(2, 3, 4), rand(4, 3)
    same = compute("layer_norm", x=x, axes=[1, 2], gamma=gamma.T)
    near(compute("layer_norm", x=x, axes=[2, 1], gamma=gamma), same)


def test_l2_norm_counts_what_is_before_three_axes_as_samples():
    x = rand(2, 3, 4, 5)
    expected = [x[i] / np.sqrt((x[i] ** 2).sum() + 0.5) for i in range(2)]
    near(compute("l2_norm", x=x, epsilon=0.5), expected)
    near(compute("l2_norm", x=x[0], epsilon=0.5), expected[0])


@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_norm(size):
    x = rand(2, 6, 3, 4)
    expected = functional.local_response_norm(torch.tensor(x), size, 0.2, 0.6, 1.5)
    found = compute("local_response_norm", x=x, size=size, alpha=0.2, beta=0.6, k=1.5)
    near(found, expected.numpy(), 1e-5)


def test_an_even_size_of_local_response_norm_is_refused():
    with pytest.raises(UnsupportedError, match="even size"):
        compute("local_response_norm", x=rand(1, 4, 3, 3), size=2)


def test_float16_statistics_do_not_overflow():
    x = np.full((1, 1, 4, 4), 300, np.float16)
    x[..., 0] = 100  # the squares are beyond float16
    found = compute("instance_norm", x=x)
    near(found, functional.instance_norm(torch.tensor(x.astype(np.float32))).numpy(), 1e-5)


def test_parameters_must_fit():
    with pytest.raises(ValueError, match="channels"):
        compute("batch_norm", x=rand(1, 3, 2), mean=[0.0], variance=[1.0])
    with pytest.raises(InputError, match="gamma"):
        compute("layer_norm", x=rand(2, 3), axes=[1], gamma=[1.0])
    with pytest.raises(InputError, match="2 axes"):
        compute("l2_norm", x=rand(2, 3))
