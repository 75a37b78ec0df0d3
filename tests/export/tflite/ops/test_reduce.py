from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.tflite.ops.harness import LAYOUTS, check, check_both, graph_model, node_model

KINDS = {
    "ReduceMean": "MEAN",
    "ReduceSum": "SUM",
    "ReduceMax": "REDUCE_MAX",
    "ReduceMin": "REDUCE_MIN",
}


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", [[2, 3], [1], [-1], [-3, 3], [0], [0, 2], [1, 2, 3]])
@pytest.mark.parametrize("op_type", list(KINDS))
@pytest.mark.parametrize("as_input", [False, True])
def test_axes(op_type: str, axes: list[int], keepdims: int, as_input: bool, io_layout: Any) -> None:
    x = (2, 3, 4, 5)
    if as_input:
        inputs = {"x": x, "axes": np.array(axes)}
        model = node_model(op_type, inputs, keepdims=keepdims)
    else:
        model = node_model(op_type, {"x": x}, opset=11, axes=axes, keepdims=keepdims)
    assert KINDS[op_type] in check(model, io_layout)


@pytest.mark.parametrize("x", [(3, 4), (2, 3, 4), (1, 2, 3, 2, 2)])
@pytest.mark.parametrize("op_type", list(KINDS))
def test_other_ranks(op_type: str, x: tuple[int, ...]) -> None:
    check_both(node_model(op_type, {"x": x, "axes": np.array([1])}, keepdims=0))


@pytest.mark.parametrize("op_type", list(KINDS))
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("x", [(4,), (2, 3, 4, 5)])
def test_all_axes(op_type: str, keepdims: int, x: tuple[int, ...]) -> None:
    check_both(node_model(op_type, {"x": x}, keepdims=keepdims))
    check_both(node_model(op_type, {"x": x, "axes": np.array([], np.int64)}, keepdims=keepdims))


@pytest.mark.parametrize("op_type", list(KINDS))
def test_no_axes_as_no_operation(op_type: str) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node(op_type, ["r"], ["s"], noop_with_empty_axes=1),
        helper.make_node("Neg", ["s"], ["y"]),
    ]
    assert check_both(graph_model(nodes, {"x": (2, 3, 4, 5)})) == ["RELU", "NEG"]


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize("op_type", ["ReduceSum", "ReduceMax", "ReduceMin"])
def test_integers(op_type: str, dtype: int) -> None:
    node = helper.make_node(op_type, ["x", "axes"], ["y"])
    check(graph_model([node], {"x": (3, 4), "axes": np.array([1])}, dtype=dtype))


def test_a_reduction_reads_nhwc_as_it_lies() -> None:
    """What is left of NHWC without H and W is (N, C)."""
    model = node_model("ReduceMean", {"x": (2, 3, 4, 5), "axes": np.array([2, 3])}, keepdims=0)
    assert check(model) == ["MEAN"]
    # (N, H, W) is what is left of NHWC without C.
    model = node_model("ReduceMax", {"x": (2, 3, 4, 5), "axes": np.array([1])}, keepdims=0)
    assert check(model) == ["REDUCE_MAX"]
