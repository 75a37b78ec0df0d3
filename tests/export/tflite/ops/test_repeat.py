from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.export.tflite.ops.harness import LAYOUTS, check, check_both, graph_model, node_model


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("repeats", [(1, 2, 1, 1), (2, 1, 3, 2), (1, 1, 1, 1)])
def test_tile(repeats: tuple[int, ...], io_layout: Any) -> None:
    check(node_model("Tile", {"x": (2, 3, 4, 5), "r": np.array(repeats)}), io_layout)


def test_tile_of_other_ranks() -> None:
    check_both(node_model("Tile", {"x": (4,), "r": np.array([3])}))
    check_both(node_model("Tile", {"x": (2, 3, 4), "r": np.array([1, 2, 2])}))


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(
    ("x", "shape"),
    [
        ((1, 3, 1, 1), (2, 3, 4, 5)),
        ((2, 3, 4, 5), (1, 1, 1, 1)),
        ((3, 1, 1), (2, 3, 4, 5)),
        ((3, 4, 1), (2, 3, 4, 5)),
        ((5,), (2, 5)),
        ((2, 1), (3, 1, 4)),
        ((1,), (2, 3, 4, 5)),
    ],
)
def test_expand(x: tuple[int, ...], shape: tuple[int, ...], io_layout: Any) -> None:
    check(node_model("Expand", {"x": x, "s": np.array(shape)}), io_layout)


def test_expand_to_what_it_is() -> None:
    nodes = [helper.make_node("Expand", ["x", "s"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    assert check(graph_model(nodes, {"x": (2, 3), "s": np.array([1, 3])})) == ["RELU"]
