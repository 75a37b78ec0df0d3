from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    beside,
    check,
    check_both,
    feeds,
    graph_model,
    lower_model,
    node_model,
    rand,
)

X = (2, 3, 4, 5)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("indices", [[1], [0, 1, 0], [-1, 0], [-2]])
def test_several(indices: list[int], axis: int, io_layout: Any) -> None:
    model = node_model("Gather", {"x": X, "i": np.array(indices)}, axis=axis)
    assert "GATHER" not in check(model, io_layout)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -3])
@pytest.mark.parametrize("index", [0, 1, -1])
def test_one(index: int, axis: int, io_layout: Any) -> None:
    model = node_model("Gather", {"x": X, "i": np.array(index)}, axis=axis)
    kinds = check(model, io_layout)
    assert "SLICE" in kinds
    assert "GATHER" not in kinds


@pytest.mark.parametrize("io_layout", LAYOUTS)
def test_nd_along_one_axis(io_layout: Any) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[1, 0, 2, 3]),
        helper.make_node("GatherND", ["a", "i"], ["b"]),
        helper.make_node("Transpose", ["b"], ["y"], perm=[1, 0, 2, 3]),
    ]
    model = graph_model(nodes, {"x": X, "i": np.array([[0], [2], [-2], [0]])})
    assert "GATHER" not in check(model, io_layout)


def test_one_of_one_axis() -> None:
    check_both(node_model("Gather", {"x": (4,), "i": np.array(2)}))


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_many_positions_are_gathered(axis: int) -> None:
    positions = np.array([3, 1, 7, 0, 5, 4, 6, 2])
    assert "GATHER" in check_both(node_model("Gather", {"x": (8,) * 4, "i": positions}, axis=axis))


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -2])
@pytest.mark.parametrize("indices", [(), (1,), (3,), (2, 3), (2, 1, 2)])
def test_tables_of_indices(indices: tuple[int, ...], axis: int, io_layout: Any) -> None:
    numbers = np.random.default_rng(0).integers(-2, 2, indices)
    check(node_model("Gather", {"x": X, "i": np.asarray(numbers)}, axis=axis), io_layout)


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize("indices", [(), (3,), (2, 3)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_computed_indices(axis: int, indices: tuple[int, ...], dtype: int) -> None:
    model = beside("Gather", {"x": X}, {"i": indices}, dtype, axis=axis)
    check_both(model, feeds=feeds(model, -2, 2))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("x", "indices", "axis"),
    [
        ((2, 3), (2, 3), 0),
        ((2, 3), (2, 2), 1),
        ((3, 2), (1, 2), 0),
        ((2, 3, 4, 5), (2, 1, 4, 3), 1),
        ((2, 3, 4, 5), (1, 3, 2, 5), -1),
    ],
)
def test_elements(x: tuple[int, ...], indices: tuple[int, ...], axis: int, constant: bool) -> None:
    if constant:
        numbers = np.random.default_rng(0).integers(-2, 2, indices)
        check_both(node_model("GatherElements", {"x": x, "i": numbers}, axis=axis))
        return
    model = beside("GatherElements", {"x": x}, {"i": indices}, TensorProto.INT64, axis=axis)
    check_both(model, feeds=feeds(model, -2, 2))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("x", "indices", "batch"),
    [
        ((3, 4), (2, 2), 0),
        ((3, 4), (5, 1), 0),
        ((3, 4), (1,), 0),
        ((2, 3, 4, 5), (2, 3), 0),
        ((2, 3, 4, 5), (2, 3, 4), 0),
        ((2, 3, 4), (2, 2), 1),
        ((2, 3, 4), (2, 3, 1), 2),
        ((2, 3, 4, 5), (2, 4, 2), 1),
    ],
)
def test_rows(x: tuple[int, ...], indices: tuple[int, ...], batch: int, constant: bool) -> None:
    if constant:
        numbers = np.random.default_rng(0).integers(-2, 2, indices)
        check_both(node_model("GatherND", {"x": x, "i": numbers}, batch_dims=batch))
        return
    model = beside("GatherND", {"x": x}, {"i": indices}, TensorProto.INT64, batch_dims=batch)
    check_both(model, feeds=feeds(model, -2, 2))


def test_indices_of_extremes_are_counted_from_the_front_already() -> None:
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], axis=0, keepdims=0),
        helper.make_node("Gather", ["w", "i"], ["y"]),
    ]
    assert "FLOOR_MOD" not in check(graph_model(nodes, {"x": (3, 4), "w": rand(3, 2)}))


def test_out_of_bounds() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(node_model("Gather", {"x": X, "i": np.array([2])}, axis=0))
    assert "Gather (the_Gather): i has indices out of bounds" in error.value.why
