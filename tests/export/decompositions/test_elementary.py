"""Elementary functions in simpler operators, against ONNX Runtime."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, check, decomposed, model_of, rand, run

LINE = np.linspace(-6, 6, 961, dtype=np.float32)
UNIT = np.linspace(-1, 1, 401, dtype=np.float32)
ODD = np.array([np.nan, np.inf, -np.inf, 0, 1, -3], np.float32)
WHOLE = np.arange(-12, 13, dtype=np.int64)
THREE = np.full(25, 3, np.int64)

CASES = [
    case("Erf", LINE, tolerance=1e-6),
    case("Erf", LINE / 10, tolerance=1e-6),
    case("Tan", LINE / 4.5),
    case("Asin", UNIT, tolerance=1e-6),
    case("Acos", UNIT, tolerance=1e-6),
    case("Atan", LINE, tolerance=1e-6),
    case("Atan", LINE * 1e6, tolerance=1e-6),
    case("Sinh", LINE),
    case("Cosh", LINE),
    case("Asinh", LINE, tolerance=1e-6),
    case("Acosh", LINE[LINE >= 1]),
    case("Atanh", UNIT[1:-1]),
    case("Reciprocal", LINE[LINE > 0.1]),
    case("Sign", LINE),
    case("Sign", WHOLE),
    case("Mod", LINE, rand(961, seed=1), fmod=1),
    case("Mod", rand(50), np.full(50, -0.5, np.float32), fmod=1),
    case("Mod", WHOLE, THREE),
    case("Mod", WHOLE, -THREE),
    case("Mod", WHOLE, THREE, fmod=1),
    case("Mean", rand(2, 3), rand(3, seed=1), rand(2, 1, seed=2)),
    case("Sum", rand(2, 3), rand(3, seed=1), rand(2, 1, seed=2)),
    case("Max", rand(2, 3), rand(3, seed=1), rand(2, 1, seed=2)),
    case("Min", rand(2, 3), rand(3, seed=1), rand(2, 1, seed=2)),
    case("IsNaN", ODD),
    case("IsInf", ODD),
    case("IsInf", ODD, detect_negative=0),
    case("IsInf", ODD, detect_positive=0),
    case("Xor", ODD > 0, ODD < 2),
    case("GreaterOrEqual", WHOLE, THREE),
    case("LessOrEqual", LINE, np.zeros(1, np.float32)),
]


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_elementary_functions(each: Case) -> None:
    check(each)


@pytest.mark.parametrize(("op_type", "function"), [("Erf", math.erf), ("Sinh", math.sinh)])
def test_small_results_keep_their_digits(op_type: str, function: Callable[[float], float]) -> None:
    x = np.array([1e-12, -3e-7, 1e-4, 0.02, 0.5, 0.99, 1.01, 3.0, 9.0], np.float32)
    (y,) = run(decomposed(model_of(case(op_type, x))), {"in0": x})
    np.testing.assert_allclose(y, [function(float(number)) for number in x], rtol=6e-7)
