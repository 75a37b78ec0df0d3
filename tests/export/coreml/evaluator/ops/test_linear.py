from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import EdgeshipError, InputError
from tests.export.coreml.evaluator.calling import compute


def rand(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5)])
def test_linear(shape: tuple[int, ...]) -> None:
    x, weight, bias = rand(*shape), rand(4, 5, seed=1), rand(4, seed=2)
    expected = np.einsum("...i,oi->...o", x, weight)
    np.testing.assert_allclose(compute("linear", x=x, weight=weight), expected, atol=1e-5)
    found = compute("linear", x=x, weight=weight, bias=bias)
    np.testing.assert_allclose(found, expected + bias, atol=1e-5)


def test_products_of_integers_are_exact() -> None:
    x, weight = np.array([[2**24 + 1, 1]], np.int32), np.array([[1, 2]], np.int32)
    found = compute("linear", x=x, weight=weight, bias=np.array([1], np.int32))
    np.testing.assert_array_equal(found, [[2**24 + 4]])
    np.testing.assert_array_equal(compute("matmul", x=x, y=weight, transpose_y=True), [[2**24 + 3]])


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((4,), (4,)),
        ((2, 3), (3, 4)),
        ((3,), (2, 3, 4)),
        ((2, 4, 3), (3,)),
        ((5, 2, 3), (7, 1, 3, 4)),
    ],
)
def test_matmul_broadcasts_as_numpy_does(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    a, b = rand(*x), rand(*y, seed=1)
    expected = np.matmul(a, b)
    for over_x in (False, True):
        for over_y in (False, True):
            found = compute(
                "matmul",
                x=a.swapaxes(-1, -2) if over_x and a.ndim > 1 else a,
                y=b.swapaxes(-1, -2) if over_y and b.ndim > 1 else b,
                transpose_x=over_x,
                transpose_y=over_y,
            )
            np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("equation", "x", "y"),
    [
        ("nchw,nwhu->nchu", (2, 3, 4, 5), (2, 5, 4, 6)),
        ("nchw,nwhu->nchu", (1, 3, 4, 5), (2, 5, 1, 6)),
        ("abcd, adce -> abce", (2, 3, 1, 5), (1, 5, 4, 6)),
        ("chw,whr->chr", (3, 4, 5), (5, 4, 6)),
        ("chw,whr->chr", (3, 1, 5), (5, 4, 6)),
    ],
)
def test_einsum(equation: str, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    """The documented meaning: matrices on axes -3 and -1, all others broadcast."""
    a, b = rand(*x), rand(*y, seed=1)
    product = np.matmul(np.moveaxis(a, -2, -3), np.moveaxis(b, -2, -3))
    found = compute("einsum", values=[a, b], equation=equation)
    np.testing.assert_allclose(found, np.moveaxis(product, -3, -2), atol=1e-5)


def test_other_equations_are_refused() -> None:
    with pytest.raises(EdgeshipError, match="not known"):
        compute("einsum", values=[rand(2, 2), rand(2, 2)], equation="ij,jk->ik")


def test_casts() -> None:
    x = np.array([-1.7, 0.0, 0.3, 2.9], np.float32)
    np.testing.assert_array_equal(compute("cast", x=x, dtype="int32"), [-1, 0, 0, 2])
    np.testing.assert_array_equal(compute("cast", x=x, dtype="bool"), [True, False, True, True])
    half = compute("cast", x=x, dtype="fp16")
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, x.astype(np.float16))
    found = compute("cast", x=np.array([True, False]), dtype="fp32")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [1, 0])


@pytest.mark.parametrize(
    ("values", "dtype"), [([3e9], "int32"), ([np.nan], "int32"), ([-1.0], "uint8"), ([128], "int8")]
)
def test_casts_without_a_meaning(values: list[float], dtype: str) -> None:
    with pytest.raises(InputError, match="do not fit"):
        compute("cast", x=np.array(values, np.float32), dtype=dtype)
