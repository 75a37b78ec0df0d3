"""Tensors made larger, or from nothing, against NumPy and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

X = rand(2, 3, 4)


def test_tile():
    near(compute("tile", x=X, reps=[2, 1, 3]), torch.tensor(X).repeat(2, 1, 3).numpy())
    with pytest.raises(InputError, match="reps"):
        compute("tile", x=X, reps=[2, 1])
    with pytest.raises(InputError, match="too large"):
        compute("tile", x=X, reps=[2**15, 2**15, 1])


def test_fill():
    near(compute("fill", shape=[2, 2]), [[0, 0], [0, 0]])
    found = compute("fill", shape=[2], value=7)
    assert found.dtype == np.int32
    near(found, [7, 7])
    near(compute("fill_like", opset=16, ref_tensor=X, value=1.5), np.full((2, 3, 4), 1.5))
    with pytest.raises(InputError, match="too large"):
        compute("fill", shape=[2**15, 2**15])


def test_one_hot():
    near(compute("one_hot", indices=[0, 2], one_hot_vector_size=3), [[1, 0, 0], [0, 0, 1]])
    found = compute("one_hot", indices=[0, 2], one_hot_vector_size=3, axis=0)
    near(found, [[1, 0], [0, 0], [0, 1]])
    found = compute(
        "one_hot", indices=[1, -1, 5], one_hot_vector_size=2, on_value=0.5, off_value=-1.0
    )
    near(found, [[-1, 0.5], [-1, -1], [-1, -1]])


def test_range():
    near(compute("range_1d", start=1, end=8, step=3), [1, 4, 7])
    near(compute("range_1d", start=1.0, end=0.0, step=-0.25), [1, 0.75, 0.5, 0.25])
    for step, why in ((0.0, "step"), (1e-9, "too large")):
        with pytest.raises(InputError, match=why):
            compute("range_1d", start=0.0, end=1.0, step=step)


@pytest.mark.parametrize(
    ("mode", "pads"),
    [
        ("constant", [1, 0, 0, 2]),
        ("reflect", [1, 0, 2, 3]),
        ("replicate", [2, 1, 0, 4]),
        ("replicate", [3, 1]),
    ],
)
def test_pad(mode, pads):
    # PyTorch lists the last axis first.
    pairs = [pads[i : i + 2] for i in range(0, len(pads), 2)]
    torch_pads = [number for pair in reversed(pairs) for number in pair]
    value = 2.5 if mode == "constant" else None
    expected = functional.pad(torch.tensor(X), torch_pads, mode, value)
    near(compute("pad", x=X, pad=pads, mode=mode, constant_val=2.5), expected.numpy())


def test_pads_are_of_the_last_axes_and_constant_by_default():
    near(compute("pad", x=np.float32([[1, 2]]), pad=[1, 2]), [[0, 1, 2, 0, 0]])
    near(compute("pad", x=np.float32([[1, 2]]), pad=[1, 0, 0, 0]), [[0, 0], [1, 2]])


def test_mirrors_leave_the_edge_out():
    x = np.float32([1, 2, 3])
    near(compute("pad", x=x, pad=[2, 1], mode="reflect"), [3, 2, 1, 2, 3, 2])
    near(compute("pad", x=x, pad=[2, 1], mode="replicate"), [1, 1, 1, 2, 3, 3])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"pad": [3, 0], "mode": "reflect"}, "mirror more"),
        ({"pad": [1, 0, 0]}, "pads"),
        ({"pad": [0, 0, 0, 0]}, "pads"),
        ({"pad": [-1, 0]}, "pads"),
        ({"pad": [1, 0], "mode": "wrap"}, "wrap"),
        ({"pad": [2**30, 0]}, "too large"),
    ],
)
def test_what_does_not_fit_is_refused(changed, why):
    with pytest.raises(InputError, match=why):
        compute("pad", x=np.float32([1, 2, 3]), **changed)
