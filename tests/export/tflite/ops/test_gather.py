from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    lower_model,
    node_model,
)

X = (2, 3, 4, 5)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("indices", [[1], [0, 1, 0], [-1, 0], [-2]])
def test_several(indices: list[int], axis: int, io_layout: Any) -> None:
    model = node_model("Gather", {"x": X, "i": np.array(indices)}, axis=axis)
    assert "GATHER" in check(model, io_layout)


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
    assert check(model, io_layout) == ["GATHER"]


def test_nd_along_two_axes_is_unsupported() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(node_model("GatherND", {"x": X, "i": np.array([[0, 1]])}))
    assert "GatherND along more than one axis" in error.value.why


def test_one_of_one_axis() -> None:
    check_both(node_model("Gather", {"x": (4,), "i": np.array(2)}))


@pytest.mark.parametrize(
    ("indices", "reason"),
    [
        (np.array([[0, 1], [1, 0]]), "indices of 2 axes"),
        ((3,), "the indices of Gather must be a constant"),
    ],
)
def test_unsupported(indices: Any, reason: str) -> None:
    model = node_model("Gather", {"x": X, "i": np.array([0])})
    if isinstance(indices, np.ndarray):
        model = node_model("Gather", {"x": X, "i": indices})
    else:
        del model.graph.initializer[:]
        value = model.graph.input.add(name="i")
        value.type.tensor_type.elem_type = 7
        value.type.tensor_type.shape.dim.add(dim_value=1)
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why
