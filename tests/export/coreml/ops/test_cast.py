from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import check, graph_model, lower_model

TYPES = [TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL]


@pytest.mark.parametrize("before", TYPES)
def test_cast(before: int) -> None:
    nodes = [helper.make_node("Cast", ["x"], [f"y{after}"], to=after) for after in TYPES]
    outputs = [f"y{after}" for after in TYPES]
    model = graph_model(nodes, {"x": (2, 3, 2, 2)}, outputs, dtype=before)
    values = np.linspace(-3.7, 3.7, 24).reshape(2, 3, 2, 2)
    values[0, 0, 0] = 0
    check(model, feeds={"x": values.astype(helper.tensor_dtype_to_np_dtype(before))})


def test_no_cast_between_integers_and_between_floating_types() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Cast", ["r"], ["y"], to=TensorProto.FLOAT),
    ]
    # The reference rounds to half precision.
    assert check(graph_model(nodes, {"x": (2, 3)}), tolerance=1e-3) == ["relu"]
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT32),
        helper.make_node("Neg", ["i"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3)}, dtype=TensorProto.INT64)) == ["mul"]


def test_a_constant_is_cast_here() -> None:
    nodes = [
        helper.make_node("Cast", ["k"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "f"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3), "k": np.array([1, 2, 3])})) == ["mul"]


@pytest.mark.parametrize("after", [TensorProto.FLOAT8E5M2, TensorProto.STRING])
def test_unsupported(after: int) -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=after)
    with pytest.raises(UnsupportedError) as error:
        lower_model(graph_model([node], {"x": (2, 3)}))
    assert "y has type" in error.value.why
