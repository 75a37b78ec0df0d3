"""Slices, splits and crops, against NumPy's indexing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

X = rand(4, 5, 6)
ROW = np.arange(10)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"begin": [1, 0, 2], "end": [3, 5, 6]}, X[1:3, 0:5, 2:6]),
        ({"begin": [0, 1, 0], "end": [4, 5, 6], "stride": [2, 3, 1]}, X[0:4:2, 1:5:3]),
        ({"begin": [-2, 0, -3], "end": [4, -1, -1]}, X[-2:4, 0:-1, -3:-1]),
        (
            {"begin": [2, 2, 2], "end": [3, 3, 3], "begin_mask": [True, False, False]},
            X[:3, 2:3, 2:3],
        ),
        ({"begin": [2, 2, 2], "end": [3, 3, 3], "end_mask": [False, True, False]}, X[2:3, 2:, 2:3]),
        ({"begin": [1, 2, 3], "end": [0, 5, 0], "squeeze_mask": [True, False, True]}, X[1, 2:5, 3]),
        ({"begin": [1, 2, 3], "end": [0, 0, 0], "squeeze_mask": [True] * 3}, X[1, 2, 3]),
        ({"begin": [-1, -2, -1], "end": [0, 0, 0], "squeeze_mask": [True] * 3}, X[-1, -2, -1]),
        ({"begin": [0, 0, 0], "end": [99, 99, 99]}, X),
        (
            {
                "begin": [3, 4, 5],
                "end": [0, 0, 0],
                "stride": [-1, -2, -5],
                "begin_mask": [False, True, False],
                "end_mask": [True, False, True],
            },
            X[::-1, :0:-2, 5::-5],
        ),
    ],
)
def test_slice_by_index(arguments, expected):
    found = compute("slice_by_index", x=X, **arguments)
    near(found, expected)
    torch.from_numpy(found)  # which takes no negative strides


def test_slice_by_size():
    near(compute("slice_by_size", x=X, begin=[1, 0, 2], size=[2, -1, 4]), X[1:3, :, 2:])
    for begin, size in (([0, 0, 3], [1, 1, 4]), ([-1, 0, 0], [1, 1, 1]), ([0, 0, 0], [1, 1, -2])):
        with pytest.raises(InputError, match="begin"):
            compute("slice_by_size", x=X, begin=begin, size=size)


def test_one_number_for_each_axis():
    with pytest.raises(InputError, match="3 axes"):
        compute("slice_by_index", x=X, begin=[0, 0], end=[1, 1])


def test_split():
    for found in (
        compute("split", x=X, axis=2, num_splits=3),
        compute("split", x=X, axis=-1, split_sizes=[2, 2, 2], num_splits=3),
    ):
        assert len(found) == 3
        for i, part in enumerate(found):
            near(part, X[:, :, 2 * i : 2 * i + 2])
    first, second, third = compute("split", x=X, axis=1, split_sizes=[1, 3, 1])
    near(first, X[:, :1])
    near(second, X[:, 1:4])
    near(third, X[:, 4:])


def test_split_must_use_everything_up():
    with pytest.raises(InputError, match="6 elements"):
        compute("split", x=X, axis=2, split_sizes=[2, 3])
    with pytest.raises(ValueError, match="equal division"):
        compute("split", x=X, axis=1, num_splits=2)


def test_crop():
    near(compute("crop", x=X, crop_height=[0, 1], crop_width=[2, 1]), X[:, :4, 2:5])
    near(compute("crop", x=X, crop_height=[0, 0], crop_width=[0, 0]), X)


def test_reverse():
    near(compute("reverse", x=X), torch.tensor(X).flip(0, 1, 2).numpy())
    near(compute("reverse", x=X, axes=[-1]), torch.tensor(X).flip(2).numpy())


def test_sliding_windows():
    found = compute("sliding_windows", x=ROW, axis=0, size=4, stride=3)
    near(found, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]])
    near(
        compute("sliding_windows", x=X, axis=1, size=2),
        torch.tensor(X).unfold(1, 2, 1).movedim(3, 2),
    )
    with pytest.raises(InputError, match="windows of 11"):
        compute("sliding_windows", x=ROW, axis=0, size=11)
