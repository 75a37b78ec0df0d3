"""Attention, Fourier transforms and deformable convolutions, against ONNX Runtime or ONNX's own."""

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
)

Q, K, V = rand(2, 4, 3, 8), rand(2, 4, 5, 8, seed=1), rand(2, 4, 5, 6, seed=2)
FEW = rand(2, 2, 5, 8, seed=3)
FLAT = rand(2, 3, 32), rand(2, 5, 16, seed=1), rand(2, 5, 12, seed=2)
PAST = rand(2, 4, 4, 8, seed=4), rand(2, 4, 4, 6, seed=5)
HEADS = {"q_num_heads": 4, "kv_num_heads": 2}
MASK = np.random.default_rng(0).random((3, 5)) > 0.4
SOME = MASK | np.eye(3, 5, dtype=bool)
NONE = SOME & (np.arange(3) != 1)[:, None]
ADDED = rand(2, 1, 3, 5, seed=6)

ATTENTION = [
    case("Attention", Q, K, V),
    case("Attention", Q, FEW, FEW, scale=0.3),
    case("Attention", *FLAT, **HEADS),
    case("Attention", *FLAT, **HEADS, is_causal=1, softcap=2.0),
    *(case("Attention", Q, K, V, mask, constants=[3]) for mask in (SOME, NONE, ADDED)),
    case("Attention", Q, K, V, SOME, constants=[3], is_causal=1),
    case("Attention", Q, K, V, ADDED),
    case("Attention", Q, K, V, SOME),
    case("Attention", Q, K, V, None, *PAST, outputs=3),
    case("Attention", Q, K, V, None, *PAST, outputs=3, is_causal=1),
    *(case("Attention", Q, K, V, outputs=(0, 3), qk_matmul_output_mode=mode) for mode in range(4)),
    case(
        "RotaryEmbedding", Q, rand(9, 4), rand(9, 4, seed=1), ints(0, 1, 2, 5, 3, 8).reshape(2, 3)
    ),
    case("RotaryEmbedding", Q, rand(2, 3, 4), rand(2, 3, 4, seed=1), interleaved=1),
    case("RotaryEmbedding", FLAT[0], rand(2, 3, 4), rand(2, 3, 4, seed=1), num_heads=4),
]
SIGNALS = [
    case("DFT", rand(2, 9, 5, 1), axis=1, opset=19),
    case("DFT", rand(2, 9, 5, 2), axis=2, opset=19),
    case("DFT", rand(2, 9, 1), onesided=1, opset=19),
    case("DFT", rand(2, 9, 2), inverse=1, opset=19),
    case("DFT", rand(2, 9, 1), None, np.array(1, np.int64), constants=[2], opset=20),
    case("DFT", rand(2, 9, 1), np.array(7, np.int64), constants=[1], opset=20),
    case("DFT", rand(2, 9, 1), np.array(12, np.int64), constants=[1], opset=20),
    case("STFT", rand(2, 20, 1), np.array(4, np.int64), rand(8), constants=[1, 2]),
    case("STFT", rand(2, 20, 1), np.array(3, np.int64), None, np.array(8), constants=[1, 3]),
    case("STFT", rand(2, 20, 1), np.array(3, np.int64), rand(8), onesided=0, constants=[1, 2]),
]
NEAR = rand(1, 8, 4, 5, seed=3, low=-1, high=1)
AROUND = rand(2, 36, 3, 3, seed=3, low=-2, high=2)
DEFORMED = [
    case("DeformConv", rand(1, 4, 5, 6), rand(3, 4, 2, 2), NEAR),
    case(
        "DeformConv", rand(2, 4, 5, 6), rand(6, 2, 3, 3), AROUND,
        rand(6), rand(2, 18, 3, 3, low=0, high=1),
        group=2, offset_group=2, strides=[2, 2], pads=[1, 1, 1, 1], constants=[1, 3],
    ),
]  # fmt: skip


@pytest.mark.parametrize("each", ATTENTION, ids=lambda each: each.op_type)
def test_attention(each: Case) -> None:
    check(Case(**{**vars(each), "opset": 23, "reference": True}))


@pytest.mark.parametrize("each", SIGNALS, ids=lambda each: each.op_type)
def test_fourier_transforms(each: Case) -> None:
    check(each)


@pytest.mark.parametrize("each", DEFORMED, ids=lambda each: each.op_type)
def test_deformable_convolutions(each: Case) -> None:
    check(Case(**{**vars(each), "opset": 19, "reference": True}))


def test_plain_attention_is_short() -> None:
    graph = decomposed(model_of(Case("Attention", [Q, K, V], opset=23))).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds == ["Mul", "Transpose", "MatMul", "Softmax", "MatMul"]
