"""Activations in simpler operators, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, check, rand

WIDE = np.concatenate([np.linspace(-90, 90, 721), np.linspace(-6, 6, 480)]).astype(np.float32)
X = rand(2, 3, 5)

CASES = [
    case("Softplus", WIDE, tolerance=1e-6),
    case("Softplus", WIDE[abs(WIDE) < 4], tolerance=1e-6),
    case("Mish", WIDE, tolerance=1e-6),
    case("Mish", WIDE[abs(WIDE) < 4], tolerance=1e-6),
    case("Gelu", WIDE, opset=20, tolerance=1e-6),
    case("Gelu", X, opset=20, tolerance=1e-6),
    case("Gelu", X, opset=20, approximate="tanh", tolerance=1e-6),
    case("Softsign", WIDE),
    case("Elu", X),
    case("Elu", X, alpha=0.3),
    case("Celu", X),
    case("Celu", X, alpha=2.5),
    case("Selu", X),
    case("Selu", X, alpha=1.2, gamma=0.7),
    case("ThresholdedRelu", X),
    case("ThresholdedRelu", X, alpha=-0.5),
    case("Shrink", X),
    case("Shrink", X, lambd=1.5, bias=0.5),
    case("HardSwish", X * 3),
    case("HardSigmoid", X * 3),
    case("HardSigmoid", X * 3, alpha=0.3, beta=0.1),
    case("Swish", X, opset=24, reference=True),
    case("Swish", X, opset=24, alpha=1.7, reference=True),
    case("PRelu", X, rand(3, 1, seed=1)),
    case("LeakyRelu", X),
    case("LeakyRelu", X, alpha=0.3),
    *(case("LogSoftmax", X * 9, axis=axis) for axis in (0, 1, -1)),
    *(case("Softmax", X * 9, axis=axis) for axis in (0, 1, -1)),
    *(case("Hardmax", np.round(X), axis=axis) for axis in (0, 1, -1)),
]


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_activations(each: Case) -> None:
    check(each)
