"""Reductions against PyTorch and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from _edgeship.errors import UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

POSITIVE = rand(2, 3, 4, low=0.5, high=3)

REFERENCES = {
    "reduce_l1_norm": lambda x, dim, keep: x.abs().sum(dim, keep),
    "reduce_l2_norm": lambda x, dim, keep: torch.linalg.vector_norm(x, 2, dim, keep),
    "reduce_log_sum": lambda x, dim, keep: x.sum(dim, keep).log(),
    "reduce_log_sum_exp": lambda x, dim, keep: torch.logsumexp(x, dim, keep),
    "reduce_max": lambda x, dim, keep: torch.amax(x, dim, keep),
    "reduce_mean": lambda x, dim, keep: x.mean(dim, keep),
    "reduce_min": lambda x, dim, keep: torch.amin(x, dim, keep),
    "reduce_prod": lambda x, dim, keep: torch.exp(x.log().sum(dim, keep)),
    "reduce_sum": lambda x, dim, keep: x.sum(dim, keep),
    "reduce_sum_square": lambda x, dim, keep: (x * x).sum(dim, keep),
}


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [None, [1], [-1, 0]])
@pytest.mark.parametrize("kind", sorted(REFERENCES))
def test_as_pytorch(kind, axes, keep):
    given = {} if axes is None else {"axes": axes}
    expected = REFERENCES[kind](torch.tensor(POSITIVE), axes or [0, 1, 2], keep)
    near(compute(kind, x=POSITIVE, keep_dims=keep, **given), expected.numpy(), 1e-5)


def test_signs_do_not_get_lost():
    x = np.float32([[-3, 4], [0, -2]])
    near(compute("reduce_l1_norm", x=x, axes=[1]), [7, 2])
    near(compute("reduce_l2_norm", x=x, axes=[1]), [5, 2])
    near(compute("reduce_prod", x=x, axes=[1]), [-12, 0])
    near(compute("reduce_sum_square", x=x), 29)
    near(compute("reduce_min", x=x), -3)


def test_logarithms_of_large_exponentials_are_finite():
    near(compute("reduce_log_sum_exp", x=np.float32([500, 500]), axes=[0]), 500 + np.log(2))


def test_float16_is_summed_in_float32():
    assert compute("reduce_sum", x=np.full(4096, 1, np.float16)) == 4096  # float16 stops at 2048


def test_integers():
    x = np.int32([[1, 2, 6], [3, 3, 3]])
    assert compute("reduce_sum", x=x, axes=[1]).dtype.kind == "i"
    near(compute("reduce_mean", x=x, axes=[1]), [3, 3])
    assert compute("reduce_mean", x=x, axes=[1]).dtype == np.int32
    with pytest.raises(UnsupportedError, match="rounded to an integer"):
        compute("reduce_mean", x=x, axes=[0])


def test_indices():
    x = np.float32([[1, 5, 5], [7, -2, 0]])
    near(compute("reduce_argmax", x=x), [1, 0])
    near(compute("reduce_argmax", x=x, axis=0), [1, 0, 0])
    near(compute("reduce_argmin", x=x, axis=1, keep_dims=True), [[0], [1]])
    assert compute("reduce_argmax", x=x).dtype == np.int32


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="axes"):
        compute("reduce_sum", x=POSITIVE, axes=[3])
