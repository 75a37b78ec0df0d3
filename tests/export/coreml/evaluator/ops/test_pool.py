"""Pools against PyTorch and against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError, UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

SHAPES = {1: (2, 3, 11), 2: (2, 3, 11, 8), 3: (1, 2, 7, 6, 9)}
# kernel, stride, padding on both sides
WINDOWS = [(2, 1, 0), (3, 2, 1), (3, 3, 0), (2, 3, 1), (5, 2, 2)]


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("rank", sorted(SHAPES))
def test_as_pytorch(rank, window, ceil):
    kernel, stride, pad = window
    x = rand(*SHAPES[rank])
    given = {
        "x": x,
        "kernel_sizes": [kernel] * rank,
        "strides": [stride] * rank,
        "pad_type": "custom",
        "pad": [pad, pad] * rank,
        "ceil_mode": ceil,
    }
    options = {"ceil_mode": ceil, "padding": pad}
    tensor = torch.tensor(x)
    largest = getattr(functional, f"max_pool{rank}d")(tensor, kernel, stride, **options)
    near(compute("max_pool", **given), largest.numpy())
    average = getattr(functional, f"avg_pool{rank}d")
    for counted in (True, False):
        expected = average(tensor, kernel, stride, count_include_pad=counted, **options)
        found = compute("avg_pool", **given, exclude_padding_from_average=not counted)
        near(found, expected.numpy(), 1e-5)


ROW = np.float32([[[1, 2, 3, 4, 5, 6, 7]]])


@pytest.mark.parametrize(
    ("pad_type", "kernel", "stride", "expected"),
    [
        ("valid", 3, 2, [3, 5, 7]),
        ("valid", 2, 4, [2, 6]),
        ("same", 3, 3, [2, 5, 7]),  # pads 1, 1
        ("same", 2, 1, [2, 3, 4, 5, 6, 7, 7]),  # pads 0, 1
        ("same_lower", 2, 1, [1, 2, 3, 4, 5, 6, 7]),  # pads 1, 0
        ("same", 4, 2, [3, 5, 7, 7]),  # pads 1, 2
        ("same_lower", 4, 2, [2, 4, 6, 7]),  # pads 2, 1
        ("same", 1, 2, [1, 3, 5, 7]),
    ],
)
def test_where_windows_lie(pad_type, kernel, stride, expected):
    given = {"kernel_sizes": [kernel], "strides": [stride], "pad_type": pad_type}
    near(compute("max_pool", x=ROW, **given), [[expected]])


def test_pads_count_only_where_they_are_custom():
    near(
        compute("max_pool", x=ROW, kernel_sizes=[7], pad_type="valid", pad=[3, 3]),
        [[[7]]],
    )


def test_pads_that_differ_in_front_and_behind():
    x = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 2, 3)
    given = {"kernel_sizes": [2, 2], "pad_type": "custom", "pad": [1, 0, 0, 1]}
    near(compute("max_pool", x=x, **given), [[[[2, 3, 3], [5, 6, 6]]]])
    near(compute("max_pool", x=-x, **given), [[[[-1, -2, -3], [-1, -2, -3]]]])
    near(compute("avg_pool", x=x, **given), [[[[0.75, 1.25, 0.75], [3, 4, 2.25]]]])
    near(
        compute("avg_pool", x=x, **given, exclude_padding_from_average=True),
        [[[[1.5, 2.5, 3], [3, 4, 4.5]]]],
    )


def test_l2_pool_does_not_divide():
    root = math.sqrt
    given = {"x": -ROW, "kernel_sizes": [3], "strides": [3], "pad_type": "same"}
    near(compute("l2_pool", **given), [[[root(1 + 4), root(9 + 16 + 25), root(36 + 49)]]])


def test_strides_are_1_by_default():
    near(compute("max_pool", x=ROW, kernel_sizes=[6], pad_type="valid"), [[[6, 7]]])


def test_float16_is_averaged_in_float32():
    x = np.full((1, 1, 64, 64), 60, np.float16)  # the sum is beyond float16
    found = compute("avg_pool", x=x, kernel_sizes=[64, 64], pad_type="valid")
    assert found.dtype == np.float32
    near(found, [[[[60]]]])


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
def test_a_window_of_padding_alone_is_refused(kind):
    with pytest.raises(UnsupportedError, match="only padding"):
        compute(
            kind,
            x=ROW,
            kernel_sizes=[2],
            pad_type="custom",
            pad=[2, 2],
            exclude_padding_from_average=True,
        )


def test_a_window_behind_everything_is_refused():
    # With pads, the documentation drops such a window, as PyTorch does; without, it does not.
    given = {"kernel_sizes": [1], "strides": [5], "pad_type": "valid", "ceil_mode": True}
    with pytest.raises(UnsupportedError, match="only padding"):
        compute("max_pool", x=ROW[..., :5], **given)


def test_the_mean_of_padding_alone_is_zero_where_padding_counts():
    given = {"kernel_sizes": [2], "strides": [2], "pad_type": "custom", "pad": [2, 2]}
    near(compute("avg_pool", x=ROW[..., :2], **given), [[[0, 1.5, 0]]])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kernel_sizes": [2, 2]}, r"kernel \[2, 2\].* for 1 axes"),
        ({"kernel_sizes": [0]}, r"kernel \[0\]"),
        ({"strides": [0]}, r"strides \[0\]"),
        ({"pad": [-1, 0]}, r"pad \[-1, 0\]"),
        ({"pad": [0]}, r"pad \[0\] for 1 axes"),
        ({"pad_type": "middle"}, "pad_type is 'middle'"),
        ({"kernel_sizes": [8]}, "a window of 8 in 7 elements"),
        ({"pad": [2**30, 0]}, "too large"),
    ],
)
def test_what_does_not_fit_is_refused(changed, why):
    given = {"x": ROW, "kernel_sizes": [2], "strides": [1], "pad_type": "custom", "pad": [0, 0]}
    with pytest.raises(InputError, match=why):
        compute("max_pool", **{**given, **changed})
