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

X = (2, 3, 4, 5)


def picked(indices: Any, axis: int = 0, x: tuple[int, ...] = X) -> Any:
    return node_model("Gather", {"x": x, "i": np.array(indices)}, axis=axis)


@pytest.mark.parametrize("ios", [15, 17])
def test_scattered_places(ios: int) -> None:
    models = [
        picked([0, 1, 0], 0),
        picked([-1, 0, 0], 1),
        picked([3, -4, 2], 2),
        picked([4, 1, 1, 0], -1),
        picked([[0, 1], [1, 0]], 1),
        picked([[[2]], [[-1]]], 0, (4, 3)),
        picked([3, 0, 1], 0, (4,)),
    ]
    assert set(check_all(models, ios=ios)) == {"gather"}


def test_even_places_are_slices() -> None:
    models = [picked([1, 2], 2), picked([0, 2, 4], -1), picked([-2], 1), picked([2, 1, 0], 1)]
    kinds = check_all(models)
    assert kinds == ["slice_by_index"] * 3 + ["reverse"]


def test_one_place() -> None:
    models = [picked(index, axis) for axis in (0, 1, 3, -3) for index in (0, -1)]
    assert check_all(models) == ["slice_by_index"] * 8


def test_one_of_one_axis() -> None:
    check(picked(2, 0, (4,)))


def computed(dtype: int = TensorProto.INT64) -> Any:
    """A model whose indices are an input."""
    model = picked([0], 1)
    del model.graph.initializer[:]
    model.graph.input.append(helper.make_tensor_value_info("i", dtype, [2, 2]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", 1, [2, 2, 2, 4, 5]))
    return model


@pytest.mark.parametrize("ios", [15, 17])
def test_computed_places(ios: int) -> None:
    x = np.random.default_rng(0).standard_normal(X).astype(np.float32)
    feeds = {"x": x, "i": np.array([[0, -1], [2, -3]])}
    assert "gather" in check(computed(), ios, feeds=feeds)


def test_nd() -> None:
    models = [
        node_model("GatherND", {"x": X, "i": np.array(indices)})
        for indices in ([[0, 1], [-1, 2]], [1, 2, 3], [[[0, 1, 1]], [[1, -2, 3]]])
    ]
    assert check_all(models) == ["gather_nd"] * 3


def test_nd_along_one_axis() -> None:
    """What PyTorch's x[:, indices] becomes."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[1, 0, 2, 3]),
        helper.make_node("GatherND", ["a", "i"], ["b"]),
        helper.make_node("Transpose", ["b"], ["y"], perm=[1, 0, 2, 3]),
    ]
    model = graph_model(nodes, {"x": X, "i": np.array([[0], [2], [-2], [0]])})
    assert "gather" in check(model)


def test_nd_in_batches() -> None:
    model = node_model("GatherND", {"x": X, "i": np.array([[1], [-1]])}, batch_dims=1)
    assert check(model, 16) == ["gather_nd"]
    with pytest.raises(UnsupportedError) as error:
        lower_model(model, 15)
    assert "GatherND with batch_dims needs iOS 16" in error.value.why


@pytest.mark.parametrize("ios", [15, 17])
def test_integers_of_more_than_16_bits(ios: int) -> None:
    """A pass of coremltools would cut them, with float16 and from iOS 17 on."""
    nodes = [
        helper.make_node("Gather", ["x", "i"], ["y"]),
        helper.make_node("GatherND", ["x", "j"], ["z"]),
    ]
    inputs = {"x": (5, 2), "i": np.array([3, 0, 1]), "j": np.array([[3, 0], [4, 1]])}
    model = graph_model(nodes, inputs, ["y", "z"], dtype=TensorProto.INT64)
    feeds = {"x": np.arange(10).reshape(5, 2) * 70_001}
    check(model, ios, "float16", feeds=feeds, tolerance=0)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (picked(np.zeros((1, 1, 1), int), 1), "a tensor of 6 axes"),
        (
            node_model("GatherND", {"x": X, "i": np.array([[0]])}),
            None,
        ),
    ],
)
def test_unsupported(model: Any, reason: str | None) -> None:
    if reason is None:
        del model.graph.initializer[:]
        model.graph.input.append(helper.make_tensor_value_info("i", TensorProto.INT64, [1, 1]))
        reason = "the indices of GatherND must be a constant"
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why
