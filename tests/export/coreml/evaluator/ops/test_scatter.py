"""Writes to computed places, against PyTorch and loops over the documentation's formulas."""

from __future__ import annotations

import itertools
import operator

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

FUNCTIONS = {
    "add": operator.add,
    "div": operator.truediv,
    "max": max,
    "min": min,
    "mul": operator.mul,
    "sub": operator.sub,
    "update": lambda old, new: new,
}
REDUCTIONS = {"add": "sum", "max": "amax", "min": "amin", "mul": "prod"}


def test_the_example_of_the_documentation():
    found = compute(
        "scatter",
        data=np.int32([[1, 2, 3], [4, 5, 6]]),
        indices=[1, 0],
        updates=np.int32([[5, 6, 7], [8, 9, 10]]),
        axis=0,
        mode="add",
    )
    near(found, [[9, 11, 13], [9, 11, 13]])
    assert found.dtype == np.int32


@pytest.mark.parametrize("mode", list(FUNCTIONS))
def test_scatter(mode):
    data, updates, indices = rand(2, 4, 3), rand(2, 3, 3, high=1.0), [2, 0, 3]
    expected = data.copy()
    for i, j, k in itertools.product(range(2), range(3), range(3)):
        old = expected[i, indices[j], k]
        expected[i, indices[j], k] = FUNCTIONS[mode](old, updates[i, j, k])
    near(
        compute("scatter", data=data, indices=indices, updates=updates, axis=1, mode=mode),
        expected,
    )


@pytest.mark.parametrize("mode", list(REDUCTIONS))
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter_along_axis(axis, mode):
    data = rand(3, 4, 5)
    shape = list(data.shape)
    shape[axis] = 6  # more updates than places: several go to one
    indices = np.random.default_rng(0).integers(0, 3, shape).astype(np.int32)
    updates = rand(*shape, high=1.0)
    expected = torch.tensor(data).scatter_reduce(
        axis, torch.tensor(indices, dtype=torch.int64), torch.tensor(updates), REDUCTIONS[mode]
    )
    found = compute(
        "scatter_along_axis", data=data, indices=indices, updates=updates, axis=axis, mode=mode
    )
    near(found, expected.numpy())


def test_scatter_along_axis_replaces():
    data, updates = rand(3, 4), rand(3, 2, high=1.0)
    indices = np.int32([[0, 3], [2, 1], [1, 0]])
    expected = torch.tensor(data).scatter(
        1, torch.tensor(indices, dtype=torch.int64), torch.tensor(updates)
    )
    found = compute(
        "scatter_along_axis", data=data, indices=indices, updates=updates, axis=1, mode="update"
    )
    near(found, expected.numpy())


@pytest.mark.parametrize("mode", list(FUNCTIONS))
def test_scatter_nd(mode):
    data, updates = rand(4, 3, 2), rand(5, 2, high=1.0)
    indices = np.int32([[0, 1], [3, 2], [0, 0], [2, 1], [1, 1]])
    expected = data.copy()
    for (i, j), update in zip(indices, updates, strict=True):
        for k in range(2):
            expected[i, j, k] = FUNCTIONS[mode](expected[i, j, k], update[k])
    near(compute("scatter_nd", data=data, indices=indices, updates=updates, mode=mode), expected)


def test_scatter_nd_adds_what_goes_to_one_place():
    found = compute(
        "scatter_nd",
        data=np.zeros(3, np.float32),
        indices=[[1], [1], [2]],
        updates=np.float32([1, 2, 4]),
    )
    near(found, [0, 3, 4])


def test_the_data_stay_as_they_are():
    data = rand(3)
    kept = data.copy()
    compute("scatter", data=data, indices=[0], updates=np.float32([5]), mode="update")
    near(data, kept)


@pytest.mark.parametrize("index", [-1, 3])
@pytest.mark.parametrize("kind", ["scatter", "scatter_along_axis", "scatter_nd"])
def test_indices_out_of_range_are_refused(kind, index):
    indices = [[index]] if kind == "scatter_nd" else [index]
    with pytest.raises(InputError, match=f"index {index}"):
        compute(kind, data=np.zeros(3, np.float32), indices=indices, updates=np.float32([1]))


def test_shapes_that_do_not_fit_are_refused():
    data = rand(3, 4)
    with pytest.raises(InputError, match="updates of shape"):
        compute("scatter", data=data, indices=[0], updates=rand(1, 3))
    with pytest.raises(InputError, match="updates of shape"):
        compute("scatter_nd", data=data, indices=[[0]], updates=rand(1, 3))
    with pytest.raises(InputError, match="indices of shape"):
        compute("scatter_along_axis", data=data, indices=[[0, 0]], updates=rand(1, 2), axis=1)
    with pytest.raises(InputError, match="mode"):
        compute("scatter", data=data, indices=[0], updates=rand(1, 4), mode="replace")
