from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
    parse,
)

KINDS = {
    "ReduceMean": "reduce_mean",
    "ReduceSum": "reduce_sum",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
}
X = (2, 3, 4, 5)


@pytest.mark.parametrize("as_input", [False, True])
@pytest.mark.parametrize("op_type", list(KINDS))
def test_axes(op_type: str, as_input: bool) -> None:
    models: list[Any] = []
    for axes in ([2, 3], [1], [-1], [-3, 3], [0], [3, 0], [1, 2, 3]):
        for keep in (0, 1):
            if as_input:
                inputs = {"x": X, "axes": np.array(axes)}
                models.append(node_model(op_type, inputs, keepdims=keep))
            else:
                models.append(node_model(op_type, {"x": X}, opset=11, axes=axes, keepdims=keep))
    assert check_all(models) == [KINDS[op_type]] * len(models)


@pytest.mark.parametrize("op_type", list(KINDS))
def test_all_axes(op_type: str) -> None:
    models = [
        node_model(op_type, {"x": x, **axes}, keepdims=keep)
        for x in ((4,), X)
        for keep in (0, 1)
        for axes in ({}, {"axes": np.array([], np.int64)})
    ]
    check_all(models)


def test_no_axes_as_no_operation() -> None:
    for op_type in KINDS:
        nodes = [
            helper.make_node(op_type, ["x"], ["s"], noop_with_empty_axes=1),
            helper.make_node("Relu", ["s"], ["y"]),
        ]
        lowered = lower_model(graph_model(nodes, {"x": X}))
        assert [op.op_type for op in lowered.program.functions["main"].operations] == ["relu"]


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
def test_integers(dtype: int) -> None:
    nodes = [
        helper.make_node(op_type, ["x", "axes"], [op_type])
        for op_type in ("ReduceSum", "ReduceMax", "ReduceMin")
    ]
    inputs = {"x": (3, 4), "axes": np.array([1])}
    model = graph_model(nodes, inputs, [node.op_type for node in nodes], dtype=dtype)
    check(model, tolerance=0)


def test_norms_of_integers_are_truncated() -> None:
    nodes = [helper.make_node("ReduceL2", ["x", "axes"], ["y"])]
    model = graph_model(nodes, {"x": (3, 4), "axes": np.array([1])}, dtype=TensorProto.INT32)
    check(model, tolerance=0)


OTHERS = {
    "ReduceL1": "reduce_l1_norm",
    "ReduceL2": "reduce_l2_norm",
    "ReduceLogSum": "reduce_log_sum",
    "ReduceLogSumExp": "reduce_log_sum_exp",
    "ReduceProd": "reduce_prod",
    "ReduceSumSquare": "reduce_sum_square",
}


def test_other_reductions() -> None:
    models: list[Any] = [
        node_model(op_type, {"x": X, "axes": np.array(axes)}, keepdims=keep)
        for op_type in OTHERS
        for axes, keep in (([1], 0), ([2, -1], 1), ([0], 1))
    ]
    expected = [kind for kind in OTHERS.values() for _ in range(3)]
    assert check_all(models, low=0.5) == expected


def test_large_exponents_do_not_overflow() -> None:
    model = node_model("ReduceLogSumExp", {"x": (2, 3), "axes": np.array([1])})
    check(model, feeds={"x": np.array([[900, 901, 0], [-950, -951, -1000]], np.float32)})


def test_booleans() -> None:
    for op_type in ("ReduceMax", "ReduceMin"):
        body = f"<int64[1] a = {{1}}> {{ y = {op_type}<keepdims = 0>(x, a) }}"
        model = parse(f"agraph (bool[4,2] x) => (bool[4] y) {body}", opset=20)
        feeds = {"x": np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)}
        check(model, feeds=feeds, tolerance=0)


@pytest.mark.parametrize(
    ("op_type", "kind"), [("GlobalAveragePool", "reduce_mean"), ("GlobalMaxPool", "reduce_max")]
)
def test_global_pools(op_type: str, kind: str) -> None:
    models = [node_model(op_type, {"x": x}) for x in ((2, 3, 7), X, (1, 2, 3, 2, 2))]
    assert check_all(models) == [kind] * 3


def test_in_float16() -> None:
    models = [node_model(op_type, {"x": X, "axes": np.array([2, 3])}) for op_type in KINDS]
    check_all(models, precision="float16", tolerance=2e-3)


def test_behind_an_operator() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("ReduceMean", ["a", "axes"], ["b"], keepdims=0),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    model = graph_model(nodes, {"x": X, "axes": np.array([2, 3])})
    assert check(model) == ["relu", "reduce_mean", "relu"]
