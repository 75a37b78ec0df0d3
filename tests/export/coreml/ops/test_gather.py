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
    parse,
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


@pytest.mark.parametrize("ios", [15, 16])
def test_nd_in_batches(ios: int) -> None:
    models = [
        node_model("GatherND", {"x": X, "i": np.array([[1], [-1]])}, batch_dims=1),
        node_model(
            "GatherND", {"x": X, "i": np.array([[[0, 1]] * 3, [[2, -1]] * 3])}, batch_dims=2
        ),
    ]
    assert check_all(models, ios=ios) == ["gather_nd"] * 2


def with_indices(
    op_type: str, shape: tuple[int, ...], result: tuple[int, ...], **attributes: Any
) -> Any:
    """A model of one node that reads X and indices that are an input."""
    node = helper.make_node(op_type, ["x", "i"], ["y"], **attributes)
    graph = helper.make_graph(
        [node],
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, X),
            helper.make_tensor_value_info("i", TensorProto.INT64, shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize("ios", [15, 17])
def test_computed_places_of_several_axes(ios: int) -> None:
    rng = np.random.default_rng(0)
    models = [
        with_indices("GatherND", (4, 2), (4, 4, 5)),
        with_indices("GatherND", (2, 1), (2, 4, 5), batch_dims=1),
        with_indices("GatherElements", X, X, axis=1),
        with_indices("GatherElements", (2, 3, 2, 5), (2, 3, 2, 5), axis=2),
        with_indices("GatherElements", (1, 2, 7, 3), (1, 2, 7, 3), axis=-2),
    ]
    feeds = []
    for model in models:
        shape = [d.dim_value for d in model.graph.input[1].type.tensor_type.shape.dim]
        feeds.append(
            {
                "x": rng.standard_normal(X).astype(np.float32),
                "i": rng.integers(-2, 2, shape),
            }
        )
    kinds = check_all(models, ios=ios, feeds=feeds, tolerance=0)
    assert kinds.count("gather_nd") == 2
    assert kinds.count("gather_along_axis") == 3


def test_elements_at_constant_places() -> None:
    indices = np.random.default_rng(0).integers(-4, 4, (2, 3, 2, 5))
    model = node_model("GatherElements", {"x": X, "i": indices}, axis=2)
    assert check(model) == ["gather_along_axis"]


def test_booleans_are_gathered_as_integers() -> None:
    nodes = "c = Greater(x, zero) g = Gather(c, i) y = Where(g, one, zero)"
    model = parse(
        "agraph (float[5] x) => (float[3] y)"
        f" <int64[3] i = {{4, 0, 0}}, float[1] zero = {{0}}, float[1] one = {{1}}> {{ {nodes} }}"
    )
    assert "gather" in check(model)


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


def test_unsupported() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(picked(np.zeros((1, 1, 1), int), 1))
    assert "a tensor of 6 axes" in error.value.why
