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


@pytest.mark.parametrize("opset", [2, 11, 13, 18])
@pytest.mark.parametrize(
    ("mode", "fill", "kind"),
    [
        ("constant", None, "PAD"),
        ("constant", 0.0, "PAD"),
        ("constant", -1.5, "PADV2"),
        ("reflect", None, "MIRROR_PAD"),
    ],
)
@pytest.mark.parametrize("pads", [(0, 0, 1, 1, 0, 0, 1, 1), (0, 1, 0, 2, 1, 0, 3, 0)])
def test_pad(mode: str, fill: float | None, kind: str, pads: tuple[int, ...], opset: int) -> None:
    if opset == 2:
        attributes = {} if fill is None else {"value": fill}
        model = node_model("Pad", {"x": X}, opset=2, mode=mode, pads=pads, **attributes)
    else:
        inputs: dict[str, Any] = {"x": X, "pads": np.array(pads)}
        if fill is not None:
            inputs["fill"] = np.array(fill, np.float32)
        model = node_model("Pad", inputs, opset=opset, mode=mode)
    assert kind in check_both(model)


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1, 3]])
def test_pad_of_some_axes(axes: list[int]) -> None:
    inputs = {"x": X, "pads": np.array([1, 2, 0, 1]), "fill": None, "axes": np.array(axes)}
    check_both(node_model("Pad", inputs))


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("mode", ["edge", "wrap", "reflect"])
@pytest.mark.parametrize(
    "pads",
    [(0, 0, 1, 1, 0, 0, 1, 1), (1, 0, 0, 1, 0, 1, 1, 0), (0, 0, 2, 3, 0, 2, 3, 2)],
)
def test_pad_with_what_is_inside(pads: tuple[int, ...], mode: str, io_layout: Any) -> None:
    model = node_model("Pad", {"x": X, "p": np.array(pads)}, mode=mode, opset=19)
    assert "GATHER" not in check(model, io_layout)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
def test_pads_below_zero_cut_off(mode: str) -> None:
    pads = np.array([0, -1, 0, 1, 0, 1, -2, -1])
    check_both(node_model("Pad", {"x": X, "p": pads}, mode=mode, opset=19))


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.UINT8, TensorProto.BOOL])
@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_pad_of_other_types(mode: str, dtype: int) -> None:
    node = helper.make_node("Pad", ["x", "p"], ["y"], mode=mode)
    model = graph_model([node], {"x": (2, 3), "p": np.array([1, 0, 0, 2])}, dtype=dtype)
    check(model, feeds=feeds(model, 0, 9), tolerance=0)


def test_pad_of_nothing() -> None:
    nodes = [helper.make_node("Pad", ["x", "p"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    model = graph_model(nodes, {"x": X, "p": np.zeros(8, np.int64)})
    assert check(model) == ["RELU"]


def test_pad_of_integers() -> None:
    node = helper.make_node("Pad", ["x", "p", "v"], ["y"])
    inputs = {"x": (2, 3), "p": np.array([1, 0, 0, 2]), "v": np.array(-7)}
    check(graph_model([node], inputs, dtype=TensorProto.INT64))
