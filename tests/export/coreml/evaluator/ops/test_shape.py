"""Reshapes, permutations and joins, against NumPy and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

X = rand(2, 3, 4)


@pytest.mark.parametrize(
    ("ios", "shape", "expected"),
    [
        (15, [6, 4], (6, 4)),
        (15, [-1], (24,)),
        (15, [2, -1, 2], (2, 6, 2)),
        (15, [0, 0, 4], (2, 3, 4)),
        (15, [4, 3, 0], None),
        (17, [0, -1, 0], (2, 3, 4)),
        (17, [-1, 0], (6, 4)),  # counted from behind: 0 is the 4
        (17, [0, 2, 3, 0], (1, 2, 3, 4)),  # nothing there: 1
    ],
)
def test_reshape(ios, shape, expected):
    if expected is None:
        with pytest.raises(ValueError, match="reshape"):
            compute("reshape", opset=ios, x=X, shape=shape)
        return
    near(compute("reshape", opset=ios, x=X, shape=shape), X.reshape(expected))


def test_reshape_with_the_documentations_example():
    x = rand(2, 50)
    near(compute("reshape", opset=17, x=x, shape=[1, 0, -1, 0]), x.reshape(1, 1, 2, 50))
    with pytest.raises(InputError, match="a 0 in the shape"):
        compute("reshape", opset=16, x=x, shape=[1, 0, -1, 0])


def test_reshape_like():
    references = [rand(2, 3, 4), rand(1, 5, 6)]
    found = compute(
        "reshape_like",
        opset=16,
        x=np.arange(180),
        ref_tensors=references,
        begins=[np.int32(0), np.int32(1)],
        ends=[np.int32(2), np.int32(0)],
        end_masks=[np.bool_(False), np.bool_(True)],
    )
    near(found, np.arange(180).reshape(2, 3, 5, 6))


@pytest.mark.parametrize(
    ("shape", "axis", "expected"),
    [
        ((3,), -1, (1, 3)),
        ((3,), 1, (3, 1)),
        ((4, 3), -1, (4, 3)),
        ((2, 3, 2), -1, (6, 2)),
        ((5, 5, 2), 1, (5, 10)),
        ((2, 3, 2), 0, (1, 12)),
    ],
)
def test_flatten2d(shape, axis, expected):
    x = rand(*shape)
    near(compute("flatten2d", x=x, axis=axis), x.reshape(expected))


def test_flatten2d_of_an_axis_that_is_not_there():
    with pytest.raises(InputError, match="axis 4"):
        compute("flatten2d", x=X, axis=4)


def test_expand_dims():
    near(compute("expand_dims", x=X, axes=[0, 2]), X.reshape(1, 2, 1, 3, 4))
    near(compute("expand_dims", x=X, axes=[-1, 0]), X.reshape(1, 2, 3, 4, 1))
    near(compute("expand_dims", x=np.float32(5), axes=[0]), [5])


def test_squeeze():
    x = X.reshape(1, 2, 1, 3, 4)
    near(compute("squeeze", x=x), X)
    near(compute("squeeze", x=x, axes=[-3]), X[None])
    near(compute("squeeze", x=x, axes=[0, 1]), x[0])  # the second axis has two elements


def test_transpose():
    near(compute("transpose", x=X, perm=[2, 0, 1]), torch.tensor(X).permute(2, 0, 1).numpy())
    near(compute("transpose", x=X, perm=[0, -1, -2]), torch.tensor(X).permute(0, 2, 1).numpy())


def test_concat():
    first, second = np.array([[1, 2], [3, 4], [5, 6]]), np.array([[7, 8], [9, 10], [11, 12]])
    values = [first, second]
    near(
        compute("concat", values=values, axis=0),
        [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12]],
    )
    near(
        compute("concat", values=values, axis=0, interleave=True),
        [[1, 2], [7, 8], [3, 4], [9, 10], [5, 6], [11, 12]],
    )
    near(
        compute("concat", values=values, axis=-1, interleave=True),
        [[1, 7, 2, 8], [3, 9, 4, 10], [5, 11, 6, 12]],
    )
    near(
        compute("concat", values=[first, second[:, :1]], axis=1),
        [[1, 2, 7], [3, 4, 9], [5, 6, 11]],
    )


def test_stack():
    near(compute("stack", values=[X, X + 1], axis=0), [X, X + 1])
    tensors = [torch.tensor(X), torch.tensor(X + 1)]
    near(compute("stack", values=[X, X + 1], axis=-1), torch.stack(tensors, -1).numpy())


def test_shape_and_identity():
    found = compute("shape", x=X)
    assert found.dtype == np.int32
    near(found, [2, 3, 4])
    near(compute("identity", x=X), X)
