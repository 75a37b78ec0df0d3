from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import check, check_all, node_model, parse

X = (3, 4, 5)
REDUCTIONS = ("none", "add", "mul", "max", "min")


def scatter(
    op_type: str, indices: Any, updates: tuple[int, ...], **attributes: Any
) -> onnx.ModelProto:
    """A model of one node; ``indices`` are constant if they are an array."""
    inputs = {"x": X, "i": np.asarray(indices), "u": updates}
    return node_model(op_type, inputs, **attributes)


def computed(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Mapping[str, np.ndarray]]:
    """The model with its constants as an input, and their values."""
    (constant,) = model.graph.initializer
    indices = onnx.numpy_helper.to_array(constant)
    del model.graph.initializer[:]
    info = helper.make_tensor_value_info("i", TensorProto.INT64, indices.shape)
    model.graph.input.append(info)
    rng = np.random.default_rng(0)
    feeds = {
        port.name: rng.standard_normal(
            [extent.dim_value for extent in port.type.tensor_type.shape.dim]
        ).astype(np.float32)
        for port in model.graph.input
    }
    return model, {**feeds, "i": indices}


PLACES = np.array([[0, 1], [-1, 2], [1, -4]])


@pytest.mark.parametrize("ios", [15, 17])
def test_nd(ios: int) -> None:
    models = [scatter("ScatterND", PLACES, (3, 5), reduction=reduction) for reduction in REDUCTIONS]
    assert check_all(models, ios=ios) == ["scatter_nd"] * len(models)


@pytest.mark.parametrize("ios", [15, 17])
def test_nd_at_computed_places(ios: int) -> None:
    model, feeds = computed(scatter("ScatterND", PLACES, (3, 5)))
    assert "scatter_nd" in check(model, ios, feeds=feeds)


def test_nd_adds_what_goes_to_one_place() -> None:
    model = scatter("ScatterND", [[1], [1], [0]], (3, 4, 5), reduction="add")
    assert check(model) == ["scatter_nd"]


def test_elements() -> None:
    rng = np.random.default_rng(0)
    models = [
        scatter("ScatterElements", np.argsort(rng.random(X), axis), X, axis=axis)
        for axis in (0, 1, -1)
    ]
    models += [
        scatter("ScatterElements", rng.integers(-4, 4, (3, 6, 5)), (3, 6, 5), axis=1, reduction=r)
        for r in REDUCTIONS[1:]
    ]
    assert check_all(models) == ["scatter_along_axis"] * len(models)


@pytest.mark.parametrize("ios", [15, 17])
def test_fewer_elements_than_there_are_along_other_axes(ios: int) -> None:
    indices = np.array([[[3, -3], [0, 1]]])
    model = scatter("ScatterElements", indices, (1, 2, 2), axis=1)
    assert check(model, ios) == ["scatter_nd"]
    model, feeds = computed(scatter("ScatterElements", indices, (1, 2, 2), axis=1))
    kinds = check(model, ios, feeds=feeds)
    assert "concat" in kinds
    assert "scatter_nd" in kinds


def test_booleans_are_scattered_as_integers() -> None:
    model = parse(
        "agraph (bool[4] x, bool[2] u) => (bool[4] y) <int64[2,1] i = {3, 0}>"
        " { y = ScatterND(x, i, u) }"
    )
    feeds = {"x": np.array([True, False, True, False]), "u": np.array([False, True])}
    assert "scatter_nd" in check(model, feeds=feeds, tolerance=0)


def test_unpooling() -> None:
    places = np.array([[[[5, 7], [13, 15]]]])
    inputs = {"x": (1, 1, 2, 2), "i": places}
    model = node_model("MaxUnpool", inputs, kernel_shape=[2, 2], strides=[2, 2])
    assert check(model) == ["reshape", "scatter", "reshape"]
