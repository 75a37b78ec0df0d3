from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    feeds,
    graph_model,
    node_model,
)

X = (2, 3, 4, 5)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("op_type", ["ArgMax", "ArgMin"])
def test_arg(op_type: str, axis: int, keepdims: int, io_layout: Any) -> None:
    check(node_model(op_type, {"x": X}, axis=axis, keepdims=keepdims), io_layout, tolerance=0)


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("op_type", ["ArgMax", "ArgMin"])
def test_the_first_or_the_last_of_equals(op_type: str, last: int) -> None:
    model = node_model(op_type, {"x": (3, 6)}, axis=1, select_last_index=last)
    x = np.array([[1, 2, 2, 1, 2, 1], [0, 0, 0, 0, 0, 0], [3, 1, 2, 3, 1, 2]], np.float32)
    check(model, feeds={"x": x}, tolerance=0)


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT8, TensorProto.UINT8])
def test_arg_of_integers(dtype: int) -> None:
    node = helper.make_node("ArgMax", ["x"], ["y"], axis=1)
    model = graph_model([node], {"x": (3, 4)}, dtype=dtype)
    check(model, feeds=feeds(model, 0, 50), tolerance=0)


def test_a_class_map_is_one_operator() -> None:
    assert check(node_model("ArgMax", {"x": (1, 3, 4, 5)}, axis=1, keepdims=0)) == ["ARG_MAX"]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("count", [1, 2])
def test_top_k(count: int, axis: int, largest: int, io_layout: Any) -> None:
    model = node_model(
        "TopK",
        {"x": X, "k": np.array([count])},
        outputs=("y", "i"),
        axis=axis,
        largest=largest,
    )
    assert "TOPK_V2" in check(model, io_layout)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
def test_top_k_of_integers(dtype: int, largest: int) -> None:
    """Equal elements come in the order in which they lie."""
    node = helper.make_node("TopK", ["x", "k"], ["y", "i"], largest=largest)
    model = graph_model([node], {"x": (3, 8)}, ["y", "i"], dtype=dtype)
    k = helper.make_tensor("k", TensorProto.INT64, [1], [4])
    model.graph.initializer.append(k)
    check_both(model, feeds=feeds(model, -3, 3), tolerance=0)
