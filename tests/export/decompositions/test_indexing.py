"""Einsum, gathering and scattering in simpler operators, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.decompositions.einsum import parsed
from _edgeship.export.lowering.unsupported import Unsupported
from tests.export.decompositions.harness import Case, case, check, ints, rand

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bhqk,bkhd->bqhd", (2, 3, 4, 6), (2, 6, 3, 5)),
    ("nchw,c->nhw", (2, 3, 4, 5), (3,)),
    ("bij,bij->b", (2, 3, 4), (2, 3, 4)),
    ("i,j->ij", (2,), (3,)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->i", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii->", (3, 3)),
    ("bii->bi", (2, 3, 3)),
    ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
    ("...ii->...i", (2, 3, 3)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 5)),
    ("ij,kl->ikjl", (2, 3), (4, 5)),
    ("bcxd,bcyd->bcxy", (1, 2, 3, 4), (1, 2, 5, 4)),
    (" i j , j k -> i k ", (2, 3), (3, 4)),
]
X = rand(4, 5, 6)
ROWS = rand(6, 3, 4)
DIM0 = np.array([[[0, 3, 1], [2, -1, 0]]], np.int64)
DIM1 = np.array([[4, 0, 2], [-1, 1, 3]], np.int64)
TWICE = np.array([[1, 1, 0], [2, 1, 2]], np.int64)

SCATTERS = [
    case(kind, *given, constants=constants, **more)
    for constants in ([1], [])
    for kind, given, more in (
        ("ScatterND", (ROWS, ints(1, 4, -1).reshape(3, 1), rand(3, 3, 4, seed=1)), {}),
        ("ScatterND", (ROWS, ints(1, 2, 5, 0).reshape(2, 1, 2), rand(2, 1, 4, seed=1)), {}),
        ("ScatterElements", (rand(5, 5), DIM1, rand(2, 3, seed=1)), {"axis": 1}),
        ("ScatterElements", (rand(5, 5), abs(DIM1), rand(2, 3, seed=1)), {"axis": -2}),
        *(
            ("ScatterElements", (rand(5, 5), TWICE, rand(2, 3, seed=1)), {"reduction": how})
            for how in ("add", "mul", "max", "min")
        ),
        *(
            ("ScatterND", (ROWS, ints(1, 4, 1).reshape(3, 1), rand(3, 3, 4)), {"reduction": how})
            for how in ("add", "mul", "max", "min")
        ),
    )
]
HALVES = np.array([0, 1.5, -0.5, -1, 3, 9], np.float32)

CASES = [
    *(case("Einsum", *(rand(*s, seed=n) for n, s in enumerate(shapes)), equation=text)
      for text, *shapes in EQUATIONS),
    *SCATTERS,
    case("ScatterElements", rand(5, 5), DIM1, rand(2, 3, seed=1), axis=-2),  # one place twice
    case("ScatterElements", rand(5, 5), DIM1, rand(2, 3, seed=1), axis=-2, constants=[1]),
    case("Compress", X, np.array([0, 1, 0, 1, 1], bool), axis=-3, constants=[1]),  # too long
    case("GatherElements", X, DIM0, axis=0),
    case("GatherElements", X[0], DIM1, axis=1, constants=[1]),
    case("GatherElements", X[0], DIM1, axis=-2),
    case("GatherND", X, np.array([[0, 1], [3, -1]], np.int64)),
    case("GatherND", X, np.array([[[0], [1]], [[3], [-2]]], np.int64), constants=[1]),
    case("GatherND", X, np.array([[1], [0], [4], [-1]], np.int64), batch_dims=1),
    case("Compress", X, np.array([1, 0, 1, 0, 1], bool), axis=1, constants=[1]),
    case("Compress", X, np.array([1, 0, 1, 0, 1], bool), axis=-1, constants=[1]),
    case("Compress", X, np.array([1, 0, 1, 0, 1], bool), constants=[1]),
    case("ReverseSequence", X, ints(1, 4, 2, 3, 4), constants=[1]),
    case("ReverseSequence", X, ints(5, 4, 2, 3), batch_axis=0, time_axis=1, constants=[1]),
    case("OneHot", ints(0, 2, -1), ints(4), np.array([2, 5], np.float32), constants=[1]),
    case("OneHot", HALVES, np.array([4], np.float32), np.array([2, 5], np.float32), constants=[1]),
    case("OneHot", DIM1.clip(0), ints(6), np.array([0, 1], np.float32), axis=1, constants=[1, 2]),
]  # fmt: skip


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_indexing(each: Case) -> None:
    check(each)


def test_equations_that_do_not_fit() -> None:
    with pytest.raises(Unsupported, match="does not fit"):
        parsed("ij->i", [3])
    with pytest.raises(Unsupported, match="2 operands"):
        parsed("ij,j->i", [2])
