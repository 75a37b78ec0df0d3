from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import check, check_both, graph_model, lower_model

TYPES = [TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL]


@pytest.mark.parametrize("before", TYPES)
@pytest.mark.parametrize("after", TYPES)
def test_cast(before: int, after: int) -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=after)
    model = graph_model([node], {"x": (2, 3, 2, 2)}, dtype=before)
    values = np.linspace(-3.7, 3.7, 24).reshape(2, 3, 2, 2)
    feeds = {"x": values.astype(helper.tensor_dtype_to_np_dtype(before))}
    assert check_both(model, feeds=feeds) == (["RESHAPE"] if before == after else ["CAST"])


def test_half_precision_is_float32_here() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Cast", ["r"], ["y"], to=TensorProto.FLOAT),
    ]
    # The reference rounds to half precision.
    assert check(graph_model(nodes, {"x": (2, 3)}), tolerance=1e-3) == ["RELU"]


def test_a_constant_is_cast_here() -> None:
    nodes = [
        helper.make_node("Cast", ["k"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "f"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3), "k": np.array([1, 2, 3])})) == ["MUL"]


def test_unsupported() -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.UINT8)
    with pytest.raises(UnsupportedError) as error:
        lower_model(graph_model([node], {"x": (2, 3)}))
    assert "y has type uint8" in error.value.why
