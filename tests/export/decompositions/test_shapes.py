"""Padding, cropping, triangles and sums along an axis, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, check, ints, rand

X = rand(2, 3, 4, 5)
WIDE = ints(0, 0, 3, 2, 0, 0, 1, 4)
ALL = ints(1, 2, 3, 4, 1, 2, 3, 4)

CASES = [
    *(case("Pad", X, WIDE, mode=mode, constants=[1]) for mode in ("reflect", "edge")),
    case("Pad", X, WIDE, mode="wrap", opset=19, constants=[1]),
    case("Pad", rand(2, 3, 9, 9), 2 * WIDE, mode="reflect", constants=[1]),
    case("Pad", rand(2, 3, 9, 9), 2 * WIDE, mode="edge", constants=[1]),
    case("Pad", X, ALL, mode="edge", constants=[1]),
    case("Pad", X, ints(2, 1, 0, 3), None, ints(3, -3), mode="edge", constants=[1, 3]),
    case("Pad", X, ints(0, 0, -1, 2, 0, 0, 1, -2), constants=[1]),
    case("Pad", X, ints(0, 0, -1, -2, 0, 0, -1, 0), constants=[1]),
    case("Pad", X, ints(0, 0, -1, 2, 0, 0, 1, -2), np.array(7, np.float32), constants=[1, 2]),
    case("Pad", X, WIDE, np.array(7, np.float32), constants=[1]),
    case("CenterCropPad", X, ints(2, 5, 2, 8), constants=[1]),
    case("CenterCropPad", X, ints(3, 7), axes=[2, 3], constants=[1]),
    case("CenterCropPad", X, ints(9), axes=[-1], constants=[1]),
    case("DepthToSpace", rand(2, 12, 2, 3), blocksize=2),
    case("DepthToSpace", rand(2, 12, 2, 3), blocksize=2, mode="CRD"),
    case("SpaceToDepth", rand(2, 3, 4, 6), blocksize=2),
    *(
        case("Trilu", X, np.array(k, np.int64), upper=upper, constants=[1])
        for k in (-1, 0, 2)
        for upper in (0, 1)
    ),
    case("Trilu", np.arange(20).reshape(4, 5)),
    case("Trilu", X > 0),
    *(
        case("CumSum", data, np.array(axis, np.int64), constants=[1], exclusive=skip, reverse=back)
        for data in (X, np.arange(120, dtype=np.int32).reshape(2, 3, 4, 5))
        for axis in (1, -1)
        for skip in (0, 1)
        for back in (0, 1)
    ),
    case("EyeLike", rand(3, 4), k=1),
    case("EyeLike", rand(3, 4), dtype=7),
    *(case("Det", rand(2, 2, n, n)) for n in (1, 2, 3, 4, 5)),
    case("Det", rand(3, 3)),
]  # fmt: skip


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_shapes(each: Case) -> None:
    check(each)
