"""Conversions to integers and back that stand alone, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, check, rand

X = rand(2, 4, 3)
Q = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 11
STEP = np.array(0.01, np.float32)
STEPS = np.array([0.01, 0.02, 0.03, 0.04], np.float32)
HALVES = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 300.0], np.float32)

CASES = [
    case("QuantizeLinear", X, STEP, np.array(130, np.uint8), constants=(1, 2)),
    case("QuantizeLinear", X, STEP, np.array(-3, np.int8), constants=(1, 2)),
    case("QuantizeLinear", X, STEP, constants=(1,)),
    case("QuantizeLinear", X, STEPS, np.array([0, 1, 2, 3], np.int8), constants=(1, 2), axis=1),
    case("QuantizeLinear", HALVES, np.array(1.0, np.float32), constants=(1,)),
    case("DequantizeLinear", Q, STEP, np.array(130, np.uint8), constants=(1, 2)),
    case("DequantizeLinear", Q, STEP, constants=(1,)),
    case("DequantizeLinear", Q.view(np.int8), STEPS, constants=(1,), axis=1),
    *(
        case(
            kind,
            data,
            np.array([[[0.1, 0.2, 0.3], [0.05, 0.15, 0.25]]] * 2, np.float32),
            np.array([[[3, 1, 2], [0, 5, 4]]] * 2, np.uint8),
            opset=21,
            axis=1,
            block_size=2,
        )
        for kind, data in (("QuantizeLinear", X), ("DequantizeLinear", Q))
    ),
    case("DynamicQuantizeLinear", X, outputs=3),
    case("DynamicQuantizeLinear", np.abs(X), outputs=3),
    case("DynamicQuantizeLinear", np.zeros((2, 3), np.float32), outputs=3),
]


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_conversions(each: Case) -> None:
    check(each)
