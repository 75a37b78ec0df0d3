from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
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


def test_the_mean_of_integers_is_unsupported() -> None:
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"])
    model = graph_model([node], {"x": (3, 4), "axes": np.array([1])}, dtype=TensorProto.INT32)
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "the mean of integers" in error.value.why


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
