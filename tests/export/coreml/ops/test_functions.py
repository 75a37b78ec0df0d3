from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import check, check_all, graph_model, node_model

X = (2, 3, 4, 5)
ANYWHERE = {
    "Atan": "atan",
    "Ceil": "ceil",
    "Cos": "cos",
    "Cosh": "cosh",
    "Erf": "erf",
    "Round": "round",
    "Sign": "sign",
    "Sin": "sin",
    "Sinh": "sinh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tan": "tan",
}
WITHIN_ONE = {"Acos": "acos", "Asin": "asin", "Atanh": "atanh"}


def test_functions_of_the_same_name() -> None:
    models = [node_model(op_type, {"x": X}) for op_type in ANYWHERE]
    assert check_all(models) == list(ANYWHERE.values())


def test_functions_of_numbers_within_one() -> None:
    models = [node_model(op_type, {"x": X}) for op_type in WITHIN_ONE]
    feeds = [{"x": np.random.default_rng(0).uniform(-0.9, 0.9, X).astype(np.float32)}] * 3
    assert check_all(models, feeds=feeds) == list(WITHIN_ONE.values())


def test_halves_are_rounded_to_even_numbers() -> None:
    halves = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.49]], np.float32)
    check(node_model("Round", {"x": halves.shape}), feeds={"x": halves}, tolerance=0)


def test_selu_and_celu() -> None:
    models = [
        node_model("Selu", {"x": X}),
        node_model("Selu", {"x": X}, alpha=2.0, gamma=0.5),
        node_model("Celu", {"x": X}),
        node_model("Celu", {"x": X}, alpha=1.7),
    ]
    kinds = check_all(models)
    assert kinds == ["elu", "mul", "elu", "mul", "elu", "mul", "elu", "mul"]


@pytest.mark.parametrize("alpha", [1.0, 1.702])
def test_swish(alpha: float) -> None:
    model = node_model("Swish", {"x": X}, opset=24, alpha=alpha)
    gate = [
        helper.make_node("Mul", ["x", "a"], ["p"]),
        helper.make_node("Sigmoid", ["p"], ["s"]),
        helper.make_node("Mul", ["x", "s"], ["y"]),
    ]
    reference = graph_model(gate, {"x": X, "a": np.float32(alpha).reshape(1)})
    kinds = check(model, reference=reference)
    assert kinds == (["silu"] if alpha == 1 else ["mul", "sigmoid", "mul"])


def test_relu_of_integers() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    model = graph_model([node], {"x": (3, 4)}, dtype=TensorProto.INT32)
    # ONNX Runtime has no such kernel.
    other = helper.make_node("Max", ["x", "zero"], ["y"])
    inputs = {"x": (3, 4), "zero": np.array([0], np.int32)}
    reference = graph_model([other], inputs, dtype=TensorProto.INT32)
    assert check(model, reference=reference, tolerance=0) == ["maximum"]


def test_prelu_with_a_computed_slope() -> None:
    model: onnx.ModelProto = node_model("PRelu", {"x": X, "s": (3, 1, 1)})
    assert check(model) == ["maximum", "minimum", "mul", "add"]
