"""Sorting, the largest elements, and running sums, with values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near

X = np.float32([[3, 1, 2], [5, 9, 5]])


def test_argsort():
    near(compute("argsort", x=X), [[0, 2, 1], [1, 0, 2]])
    near(compute("argsort", x=X, ascending=True), [[1, 2, 0], [0, 2, 1]])
    near(compute("argsort", x=X, axis=0), [[1, 1, 1], [0, 0, 0]])
    assert compute("argsort", x=X).dtype == np.int32


def test_argsort_of_unsigned_numbers():
    near(compute("argsort", x=np.uint8([0, 255, 7])), [1, 2, 0])


def test_equal_elements_keep_their_order():
    x = np.tile(np.float32([0, 1]), 50)
    near(compute("argsort", x=x), [*range(1, 100, 2), *range(0, 100, 2)])
    near(compute("argsort", x=x, ascending=True), [*range(0, 100, 2), *range(1, 100, 2)])


def test_topk():
    values, indices = compute("topk", x=X, k=2)
    near(values, [[3, 2], [9, 5]])
    near(indices, [[0, 2], [1, 0]])
    values, indices = compute("topk", x=X, k=1, axis=0, ascending=True)
    near(values, [[3, 1, 2]])
    near(indices, [[0, 0, 0]])


def test_topk_of_all_and_without_indices():
    near(compute("topk", opset=17, x=X, k=-1, return_indices=False), [[3, 2, 1], [9, 5, 5]])


def test_topk_of_more_than_there_are():
    with pytest.raises(InputError, match="k is 4"):
        compute("topk", x=X, k=4)


@pytest.mark.parametrize(
    ("exclusive", "reverse", "expected"),
    [
        (False, False, [[3, 4, 6], [5, 14, 19]]),
        (True, False, [[0, 3, 4], [0, 5, 14]]),
        (False, True, [[6, 3, 2], [19, 14, 5]]),
        (True, True, [[3, 2, 0], [14, 5, 0]]),
    ],
)
def test_cumsum(exclusive, reverse, expected):
    near(compute("cumsum", x=X, axis=1, exclusive=exclusive, reverse=reverse), expected)


def test_cumsum_runs_along_the_first_axis_by_default():
    near(compute("cumsum", x=X), [[3, 1, 2], [8, 10, 7]])
    assert compute("cumsum", x=X.astype(np.int32)).dtype == np.int32
