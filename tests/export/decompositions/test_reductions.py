"""Reductions, norms and normalizations in simpler operators, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import (
    Case,
    case,
    check,
    decomposed,
    ints,
    model_of,
    rand,
    run,
)

X = rand(2, 3, 4, 5)
ABOVE = rand(2, 3, 4, 5, low=0.5)
WEIGHTS = [rand(6, seed=seed, low=0.5) for seed in range(4)]

REDUCTIONS = [
    case(kind, ABOVE, axes, constants=[1], **given)
    for kind in (
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceMean",
        "ReduceProd",
        "ReduceSumSquare",
    )
    for axes, given in (
        (ints(1), {}),
        (ints(-1, 0), {"keepdims": 0}),
        (ints(2, 3), {}),
        (ints(), {}),
    )
]
LAYERS = [
    case("LayerNormalization", X, rand(*X.shape[axis:], seed=1), axis=axis)
    for axis in (-1, 1, 2, -2)
]
CASES = [
    *REDUCTIONS,
    case("ReduceLogSumExp", X * 40, ints(1), constants=[1]),
    case("ReduceSumSquare", X, None, keepdims=0),
    *(case("LpNormalization", X[None], axis=0, p=p, tolerance=0.0) for p in (1, 2)),
    *(case("LpNormalization", X, axis=axis, p=p) for axis in (0, 1, -1) for p in (1, 2)),
    *(case("GlobalLpPool", X, p=p) for p in (1, 2, 3)),
    case("GlobalAveragePool", X),
    case("GlobalMaxPool", rand(2, 3, 7)),
    *LAYERS,
    case("LayerNormalization", X, rand(5, seed=1), rand(5, seed=2), opset=18, epsilon=1e-3),
    case("LayerNormalization", X, rand(4, 5), rand(4, 5), axis=2, outputs=3),
    case("LayerNormalization", X, rand(5), rand(5), outputs=(0, 2)),
    case("RMSNormalization", X, rand(5, seed=1), opset=23),
    case("RMSNormalization", X, rand(4, 5, seed=1), opset=23, axis=2, epsilon=1e-3),
    case("MeanVarianceNormalization", X),
    case("MeanVarianceNormalization", X, axes=[1, -1]),
    case("InstanceNormalization", rand(2, 6, 4, 5), *WEIGHTS[:2]),
    case("InstanceNormalization", rand(2, 6, 9), *WEIGHTS[:2], epsilon=1e-2),
    case("InstanceNormalization", rand(2, 6, 3, 4, 2), *WEIGHTS[:2]),
    case("GroupNormalization", rand(2, 6, 4, 5), rand(3), rand(3, seed=1), num_groups=3),
    case("GroupNormalization", rand(2, 6, 7), rand(6), rand(6, seed=1), num_groups=6),
    case("GroupNormalization", rand(2, 6, 4), *WEIGHTS[:2], opset=21, num_groups=2, epsilon=0.01),
    case("BatchNormalization", rand(2, 6, 4, 5), *WEIGHTS),
    case("BatchNormalization", rand(2, 6, 4), *WEIGHTS, constants=range(1, 5), epsilon=0.01),
    case("BatchNormalization", rand(2, 6), *WEIGHTS),
    case("BatchNormalization", rand(2, 6, 4, 5), *WEIGHTS, training_mode=1, outputs=3),
    case("LRN", rand(2, 7, 4, 5), size=3),
    case("LRN", rand(2, 7, 4, 5), size=5, alpha=0.3, beta=0.5, bias=2.0),
]


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_reductions_and_normalizations(each: Case) -> None:
    check(each)


def test_integers_are_reduced_as_integers() -> None:
    check(
        case("ReduceSumSquare", np.arange(12, dtype=np.int32).reshape(3, 4), ints(1), constants=[1])
    )


def test_an_even_window_of_neighbours_reaches_further_back() -> None:
    # ONNX Runtime takes odd windows only. The specification: from c - floor((size - 1) / 2) to
    # c + ceil((size - 1) / 2).
    x = rand(1, 7, 2, 2)
    graph = decomposed(model_of(case("LRN", x, size=4, alpha=0.3, beta=0.5, bias=2.0)))
    sums = [(x[:, max(0, c - 1) : c + 3] ** 2).sum(1) for c in range(7)]
    right = x / (2 + 0.3 / 4 * np.stack(sums, 1)) ** 0.5
    (found,) = run(graph, {"in0": x})
    np.testing.assert_allclose(found, right, atol=1e-6)
