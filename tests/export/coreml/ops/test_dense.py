from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
    rand,
)


def gemm(
    trans_a: int, trans_b: int, alpha: float, addend: tuple[int, ...] | None, computed: str = ""
) -> onnx.ModelProto:
    inputs: dict[str, Any] = {
        "a": (4, 3) if trans_a else (3, 4),
        "b": (5, 4) if trans_b else (4, 5),
    }
    if addend is not None:
        inputs["c"] = addend
    for seed, name in enumerate(inputs):
        if name not in ("a", *computed):
            inputs[name] = np.asarray(rand(*inputs[name], seed=seed))
    return node_model("Gemm", inputs, transA=trans_a, transB=trans_b, alpha=alpha, beta=0.25)


ADDENDS: list[tuple[tuple[int, ...] | None, list[str]]] = [
    (None, []),
    ((), []),
    ((1,), []),
    ((5,), []),
    ((1, 5), []),
    ((1, 1), []),
    ((3, 1), ["add"]),
    ((3, 5), ["add"]),
]


def test_gemm_by_a_constant_matrix() -> None:
    for trans_a, trans_b in product((0, 1), (0, 1)):
        models = [gemm(trans_a, trans_b, 0.5, addend) for addend, _ in ADDENDS]
        kinds = []
        for _, behind in ADDENDS:
            kinds += [*["transpose"] * trans_a, "linear", *behind]
        assert check_all(models) == kinds


def test_gemm_of_computed_matrices() -> None:
    models = [
        gemm(trans_a, trans_b, 1.0, addend, "b")
        for trans_a, trans_b, addend in product((0, 1), (0, 1), (None, (5,), (3, 1), (3, 5)))
    ]
    assert check_all(models).count("matmul") == len(models)


def test_gemm_with_factors_and_computed_addends() -> None:
    assert check(gemm(0, 0, 0.5, (5,), "bc")) == ["mul", "matmul", "mul", "add"]
    assert check(gemm(0, 1, 0.5, (5,), "c")) == ["mul", "linear", "add"]


def test_gemm_has_defaults() -> None:
    check(node_model("Gemm", {"a": (3, 4), "b": (4, 5), "c": (5,)}))
    check(node_model("Gemm", {"a": (1, 4), "b": rand(4, 1), "c": rand(1)}))


def test_matmul_by_a_constant_matrix() -> None:
    shapes = [(4,), (3, 4), (2, 3, 4), (2, 3, 3, 4), (2, 1, 2, 3, 4)]
    models = [node_model("MatMul", {"a": shape, "b": rand(4, 5)}) for shape in shapes]
    # The documentation of linear allows three axes.
    assert check_all(models) == ["linear"] * 3 + ["matmul"] * 2


@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_matmul(constant: str) -> None:
    models = []
    for a, b in [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (1, 6, 4, 5)),
        ((2, 2, 3, 4), (2, 4, 5)),
    ]:
        inputs: dict[str, Any] = {"a": a, "b": b}
        if constant:
            inputs[constant] = rand(*inputs[constant])
        models.append(node_model("MatMul", inputs))
    check_all(models)


def test_matmul_of_vectors() -> None:
    shapes = [((4,), (4, 5)), ((3, 4), (4,)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,)), ((4,), (4,))]
    models = [node_model("MatMul", {"a": a, "b": b}) for a, b in shapes]
    models.append(node_model("MatMul", {"a": (3, 4), "b": rand(4)}))
    assert check_all(models).count("matmul") == len(models)


def test_matmul_of_a_value_by_itself() -> None:
    check(graph_model([helper.make_node("MatMul", ["a", "a"], ["y"])], {"a": (3, 3)}))


def test_matmul_of_integers() -> None:
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    model = graph_model([node], {"a": (2, 3), "b": (3, 4)}, dtype=TensorProto.INT32)
    assert check(model) == ["matmul"]


def test_a_classifier_of_half_precision() -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], transB=1),
    ]
    model = graph_model(nodes, {"x": (2, 3, 4, 5), "w": rand(7, 60), "b": rand(7)})
    assert "linear" in check(model, precision="float16", tolerance=3e-3)


def test_unsupported() -> None:
    node = helper.make_node("Gemm", ["a", "b"], ["y"])
    model = graph_model([node], {"a": (2, 3), "b": (3, 4)}, dtype=TensorProto.INT32)
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "Gemm of int32" in error.value.why
