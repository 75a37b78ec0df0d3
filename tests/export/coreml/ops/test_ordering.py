from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import check, check_all, node_model, parse, rand, typed

X = (2, 3, 4)


def test_extremes() -> None:
    models = [
        node_model(op_type, {"x": X}, axis=axis, keepdims=keep, select_last_index=last)
        for op_type in ("ArgMax", "ArgMin")
        for axis in (0, 1, -1)
        for keep in (0, 1)
        for last in (0, 1)
    ]
    # Every largest and smallest number stands several times.
    numbers = np.random.default_rng(0).integers(0, 2, X).astype(np.float32)
    kinds = check_all(models, feeds=[{"x": numbers}] * len(models), tolerance=0)
    assert kinds.count("reverse") == 12


def test_the_extreme_of_one_axis_is_a_scalar() -> None:
    check(node_model("ArgMax", {"x": (5,)}, axis=0, keepdims=0), tolerance=0)


@pytest.mark.parametrize("largest", [0, 1])
def test_topk(largest: int) -> None:
    models = [
        node_model("TopK", {"x": X, "k": np.array([k])}, outputs=["y", "i"], **attributes)
        for k, axis in ((2, -1), (3, 1), (1, 0))
        for attributes in [{"axis": axis, "largest": largest}]
    ]
    assert check_all(models, tolerance=0) == ["topk"] * 3


def test_topk_of_integers() -> None:
    model = parse(
        "agraph (int64[6] x) => (int64[3] y, int64[3] i) <int64[1] k = {3}> { y, i = TopK(x, k) }"
    )
    check(model, feeds={"x": np.array([3, 9, -2, 7, 70_001, 1])}, tolerance=0)


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.INT32])
def test_cumsum(dtype: int) -> None:
    models: list[onnx.ModelProto] = []
    name = "float" if dtype == TensorProto.FLOAT else "int32"
    for axis in (0, 2, -1):
        for exclusive in (0, 1):
            for reverse in (0, 1):
                node = f"CumSum<exclusive = {exclusive}, reverse = {reverse}>(x, k)"
                body = f"<int64 k = {{{axis}}}> {{ y = {node} }}"
                models.append(parse(f"agraph ({name}[2,3,4] x) => ({name}[2,3,4] y) {body}"))
    assert check_all(models) == ["cumsum"] * len(models)


def hot(indices: str, values: Any, axis: int) -> onnx.ModelProto:
    values = np.asarray(values)
    graph = helper.make_graph(
        [helper.make_node("OneHot", ["i", "depth", "values"], ["y"], axis=axis)],
        "graph",
        [helper.make_tensor_value_info("i", getattr(TensorProto, indices), (2, 3))],
        [onnx.ValueInfoProto(name="y")],
        [
            onnx.numpy_helper.from_array(np.array(4), "depth"),
            onnx.numpy_helper.from_array(values, "values"),
        ],
    )
    return typed(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    )


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(axis: int) -> None:
    """Indices below zero count from the end; where one is out of range, nothing is hot."""
    indices = np.array([[0, 3, -1], [-4, 4, -5]])
    for kind, values in (
        ("INT64", np.array([0, 1], np.float32)),
        ("INT64", np.array([2, 5], np.int64)),
        ("INT64", np.array([-0.5, 2.5], np.float32)),
    ):
        check(hot(kind, values, axis), feeds={"i": indices}, tolerance=0)


def test_topk_behind_and_before_an_operator() -> None:
    model = parse(
        "agraph (float[2,6] x) => (float[2,3] y) <int64[1] k = {3}>"
        " { r = Relu(x) v, i = TopK(r, k) y = Exp(v) }"
    )
    assert check(model, feeds={"x": rand(2, 6)}) == ["relu", "topk", "exp"]
