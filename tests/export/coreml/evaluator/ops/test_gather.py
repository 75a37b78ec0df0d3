"""Reads at computed places, against PyTorch and loops over the documentation's formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

X = rand(3, 4, 5)


def test_gather_puts_the_shape_of_the_indices_in_the_axis():
    near(compute("gather", x=X, indices=2), X[2])
    near(compute("gather", x=X, indices=[2, 0], axis=1), X[:, [2, 0]])
    near(compute("gather", x=X, indices=[[1, 0], [4, 4]], axis=-1), X[:, :, [[1, 0], [4, 4]]])
    near(compute("gather", x=X, indices=[0, 2, 2]), X[[0, 2, 2]])


def test_gather_of_samples():
    indices = np.int32([[[0, 3]], [[1, 1]], [[2, 0]]])
    found = compute("gather", opset=16, x=X, indices=indices, axis=1, batch_dims=1)
    near(found, [X[i][indices[i]] for i in range(3)])
    found = compute("gather", opset=16, x=X, indices=indices[..., 0], axis=2, batch_dims=1)
    near(found, [X[i][:, indices[i, :, 0]] for i in range(3)])


def test_negative_indices_count_from_behind_until_ios_16():
    near(compute("gather", opset=16, x=X, indices=[-1], axis=1), X[:, -1:])
    near(compute("gather_along_axis", opset=16, x=X[0, 0], indices=[-2]), X[0, 0, -2:-1])
    near(compute("gather_nd", opset=16, x=X, indices=[-1, 2]), X[-1, 2])
    with pytest.raises(InputError, match="index -1"):
        compute("gather", opset=17, x=X, indices=[-1], axis=1)
    with pytest.raises(InputError, match="index -1"):
        compute("gather_nd", opset=17, x=X, indices=[-1, 2])


@pytest.mark.parametrize("kind", ["gather", "gather_along_axis", "gather_nd"])
def test_indices_out_of_range_are_refused(kind):
    indices = [[[5]]] if kind == "gather_along_axis" else [5]
    with pytest.raises(InputError, match="index 5"):
        compute(kind, x=X, indices=indices)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_along_axis(axis):
    # Fewer indices than elements on every axis: only those places are read.
    indices = np.random.default_rng(0).integers(0, 3, (2, 3, 4)).astype(np.int32)
    expected = torch.gather(torch.tensor(X), axis, torch.tensor(indices, dtype=torch.int64))
    near(compute("gather_along_axis", x=X, indices=indices, axis=axis), expected.numpy())


def test_gather_along_axis_does_not_broadcast():
    with pytest.raises(InputError, match="indices of shape"):
        compute("gather_along_axis", x=X[:1], indices=np.zeros((3, 4, 5), np.int32), axis=2)


def test_gather_nd():
    near(compute("gather_nd", x=X, indices=[[0, 1], [2, 3]]), [X[0, 1], X[2, 3]])
    near(compute("gather_nd", x=X, indices=[1, 2, 3]), X[1, 2, 3])
    near(compute("gather_nd", x=X, indices=[[[2]], [[0]]]), [[X[2]], [X[0]]])


def test_gather_nd_of_samples():
    x = rand(2, 3, 4, 5)
    indices = np.random.default_rng(1).integers(0, 4, (2, 3, 6, 1)).astype(np.int32)
    found = compute("gather_nd", opset=16, x=x, indices=indices, batch_dims=2)
    assert found.shape == (2, 3, 6, 5)
    for i, j, k in itertools.product(range(2), range(3), range(6)):
        near(found[i, j, k], x[i, j, indices[i, j, k, 0]])


def test_samples_must_be_the_same():
    with pytest.raises(InputError, match="equal axes"):
        compute("gather", opset=16, x=X, indices=[[0], [0]], axis=1, batch_dims=1)
    with pytest.raises(InputError, match="axis 0"):
        compute("gather", opset=16, x=X, indices=[[0]] * 3, axis=0, batch_dims=1)
    with pytest.raises(InputError, match="4 numbers"):
        compute("gather_nd", x=X, indices=[0, 0, 0, 0])


def test_a_result_too_large_is_refused_before_it_is_made():
    with pytest.raises(InputError, match="too large"):
        compute("gather", x=np.zeros((1, 2**15), np.float32), indices=np.zeros(2**15, np.int32))
