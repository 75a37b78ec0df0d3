from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.tflite.ops.harness import (
    check,
    check_both,
    graph_model,
    node_model,
    rand,
)


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize(
    ("addend", "kinds"),
    [
        (None, ["FULLY_CONNECTED"]),
        ((), ["FULLY_CONNECTED"]),
        ((1,), ["FULLY_CONNECTED"]),
        ((5,), ["FULLY_CONNECTED"]),
        ((1, 5), ["FULLY_CONNECTED"]),
        ((1, 1), ["FULLY_CONNECTED"]),
        ((3, 1), ["FULLY_CONNECTED", "ADD"]),
        ((3, 5), ["FULLY_CONNECTED", "ADD"]),
    ],
)
def test_gemm(
    trans_a: int, trans_b: int, alpha: float, addend: tuple[int, ...] | None, kinds: list[str]
) -> None:
    inputs: dict[str, Any] = {
        "a": (4, 3) if trans_a else (3, 4),
        "b": rand(5, 4) if trans_b else rand(4, 5),
    }
    if addend is not None:
        inputs["c"] = np.asarray(rand(*addend, seed=3))
    model = node_model("Gemm", inputs, transA=trans_a, transB=trans_b, alpha=alpha, beta=0.25)
    assert check(model) == ["TRANSPOSE"] * trans_a + kinds


def test_gemm_with_one_row_and_a_column_of_one() -> None:
    check(node_model("Gemm", {"a": (1, 4), "b": rand(4, 1), "c": rand(1)}))
    check(node_model("Gemm", {"a": (3, 4), "b": rand(4, 1), "c": rand(3, 1)}))


@pytest.mark.parametrize("x", [(3, 4), (2, 3, 4), (2, 3, 3, 4), (2, 1, 2, 3, 4)])
def test_matmul_by_a_constant_matrix(x: tuple[int, ...]) -> None:
    assert check_both(node_model("MatMul", {"a": x, "b": rand(4, 5)})).count("FULLY_CONNECTED") == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (1, 6, 4, 5)),
        ((2, 2, 3, 4), (2, 4, 5)),
    ],
)
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_matmul(a: tuple[int, ...], b: tuple[int, ...], constant: str) -> None:
    inputs: dict[str, Any] = {"a": a, "b": b}
    if constant:
        inputs[constant] = rand(*inputs[constant])
    check_both(node_model("MatMul", inputs))


GEMMS: list[dict[str, Any]] = [
    {},
    {"transA": 1, "alpha": 0.5},
    {"transB": 1, "beta": 2.0},
    {"transA": 1, "transB": 1},
]


@pytest.mark.parametrize("attributes", GEMMS)
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("addend", [None, (3, 5), (5,), (3, 1), rand(3, 5), rand(5)])
def test_gemm_of_computed_operands(attributes: dict[str, Any], constant: bool, addend: Any) -> None:
    a = (4, 3) if attributes.get("transA") else (3, 4)
    b = (5, 4) if attributes.get("transB") else (4, 5)
    inputs: dict[str, Any] = {"a": a, "b": rand(*b) if constant else b}
    if addend is not None:
        inputs["c"] = addend
    check(node_model("Gemm", inputs, **attributes))


VECTORS = [((3,), (3,)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,)), ((3,), (3, 4)), ((5, 3), (3,))]


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(("a", "b"), VECTORS)
def test_vectors(a: tuple[int, ...], b: tuple[int, ...], constant: bool) -> None:
    check(node_model("MatMul", {"a": a, "b": rand(*b) if constant else b}))


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize(("a", "b"), [((2, 4, 3), (3, 5)), ((4, 3), (2, 3, 5)), ((3,), (3,))])
def test_integers(a: tuple[int, ...], b: tuple[int, ...], dtype: int) -> None:
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    check(graph_model([node], {"a": a, "b": b}, dtype=dtype), tolerance=0)


def test_a_square_is_that_of_two_tensors() -> None:
    """LiteRT 2.3 can compute a product of a tensor by itself wrong."""
    model = graph_model([helper.make_node("MatMul", ["a", "a"], ["y"])], {"a": (2, 3, 3)})
    assert check(model) == ["TRANSPOSE", "BATCH_MATMUL"]


def test_matrices_of_many_axes_are_one_list() -> None:
    model = node_model("MatMul", {"a": (1, 3, 1, 2, 3, 4), "b": (1, 3, 1, 2, 4, 3)})
    assert check(model, "nchw") == ["RESHAPE", "RESHAPE", "BATCH_MATMUL", "RESHAPE"]


def test_matrices_of_many_axes_that_are_broadcast() -> None:
    check(node_model("MatMul", {"a": (2, 1, 1, 2, 3, 4), "b": (1, 2, 1, 2, 4, 3)}), "nchw")
