"""Arithmetic against Python's math and values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from _edgeship.errors import InputError, UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near

NUMBERS = [-0.9, -0.5, -0.25, 0.0, 0.125, 0.5, 0.9]
POSITIVE = [0.001, 0.5, 1.0, 2.0, 1000.0]


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("acos", math.acos),
        ("asin", math.asin),
        ("atan", math.atan),
        ("atanh", math.atanh),
        ("cos", math.cos),
        ("cosh", math.cosh),
        ("erf", math.erf),
        ("exp", math.exp),
        ("exp2", lambda x: 2**x),
        ("sin", math.sin),
        ("sinh", math.sinh),
        ("square", lambda x: x * x),
        ("tan", math.tan),
        ("abs", abs),
        ("ceil", math.ceil),
        ("floor", math.floor),
    ],
)
def test_functions_of_one_number(kind, function):
    near(compute(kind, x=np.float32(NUMBERS)), [function(x) for x in NUMBERS])


@pytest.mark.parametrize(
    ("kind", "arguments", "function"),
    [
        ("sqrt", {}, math.sqrt),
        ("log", {}, math.log),
        ("log", {"epsilon": 1.5}, lambda x: math.log(x + 1.5)),
        ("rsqrt", {}, lambda x: 1 / math.sqrt(x)),
        ("rsqrt", {"epsilon": 3.0}, lambda x: 1 / math.sqrt(x + 3)),
        ("inverse", {}, lambda x: 1 / (x + 1e-4)),
        ("inverse", {"epsilon": 0.5}, lambda x: 1 / (x + 0.5)),
        ("clip", {"alpha": 0.25, "beta": 1.5}, lambda x: min(max(x, 0.25), 1.5)),
        ("threshold", {"alpha": 1.25}, lambda x: max(x, 1.25)),
    ],
)
def test_functions_of_one_positive_number(kind, arguments, function):
    near(compute(kind, x=np.float32(POSITIVE), **arguments), [function(x) for x in POSITIVE])


def test_halves_are_rounded_to_even_numbers():
    near(compute("round", x=np.float32([-1.5, -0.5, 0.5, 1.5, 2.5])), [-2, 0, 0, 2, 2])


def test_the_sign_of_zero_is_zero():
    near(compute("sign", x=np.float32([-3, 0, 2])), [-1, 0, 1])


def test_a_default_epsilon_has_the_type_of_x():
    with np.errstate(divide="ignore"):
        # 1e-12 is nothing in float16, and all there is in float32.
        assert compute("rsqrt", x=np.float16([0])) == np.inf
        near(compute("rsqrt", x=np.float32([0])), [1e6])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("add", [-5, 3, 9]),
        ("sub", [-9, -1, 5]),
        ("mul", [-14, 2, 14]),
        ("real_div", [-3.5, 0.5, 3.5]),
        ("floor_div", [-4, 0, 3]),
        ("mod", [1, 1, 1]),
        ("pow", [49, 1, 49]),
        ("maximum", [2, 2, 7]),
        ("minimum", [-7, 1, 2]),
        ("equal", [False, False, False]),
        ("not_equal", [True, True, True]),
        ("less", [True, True, False]),
        ("less_equal", [True, True, False]),
        ("greater", [False, False, True]),
        ("greater_equal", [False, False, True]),
    ],
)
def test_functions_of_two_numbers_broadcast(kind, expected):
    near(compute(kind, x=np.float32([[-7], [1], [7]]), y=2.0), np.reshape(expected, (3, 1)))


@pytest.mark.parametrize(
    ("kind", "expected"), [("less_equal", True), ("greater_equal", True), ("less", False)]
)
def test_comparisons_of_equal_numbers(kind, expected):
    assert compute(kind, x=2.0, y=2.0) == expected


def test_integers_stay_integers():
    x, y = np.int32([-7, 7]), np.int32([2, 2])
    for kind, expected in (("floor_div", [-4, 3]), ("mod", [1, 1]), ("mul", [-14, 14])):
        result = compute(kind, x=x, y=y)
        assert result.dtype == np.int32
        near(result, expected)
    result = compute("real_div", x=np.int32([-8, 6]), y=y)
    assert result.dtype == np.int32
    near(result, [-4, 3])
    near(compute("exp2", x=np.int32([0, 3])), [1, 8])


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("real_div", {"x": [7], "y": [2]}), ("exp2", {"x": [-1]})],
)
def test_a_fraction_of_integers_is_refused(kind, arguments):
    with pytest.raises(UnsupportedError, match="rounded to an integer"):
        compute(kind, **arguments)


def test_logic():
    x, y = np.array([False, False, True, True]), np.array([False, True, False, True])
    near(compute("logical_and", x=x, y=y), [False, False, False, True])
    near(compute("logical_or", x=x, y=y), [False, True, True, True])
    near(compute("logical_xor", x=x, y=y), [False, True, True, False])
    near(compute("logical_not", x=x), [True, True, False, False])


def test_select_broadcasts_and_keeps_the_type():
    cond = np.array([[True], [False]])
    result = compute("select", cond=cond, a=np.float16([1, 2]), b=np.float16([5, 6]))
    assert result.dtype == np.float16
    near(result, [[1, 2], [5, 6]])


def test_float16_is_added_in_float32():
    result = compute("add", x=np.float16([2048]), y=np.float16([1]))
    assert result.dtype == np.float32  # the runner rounds, once
    assert result == 2049


def test_a_product_too_large_is_refused_before_it_is_made():
    row = np.zeros((1, 2**15), np.float32)
    with pytest.raises(InputError, match="too large"):
        compute("mul", x=row, y=row.T)
