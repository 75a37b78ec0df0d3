from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import check, check_all, graph_model, node_model


def test_tile() -> None:
    tiles: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((2, 3, 4, 5), (1, 2, 1, 1)),
        ((2, 3, 4, 5), (2, 1, 3, 2)),
        ((4,), (3,)),
        ((2, 3, 4), (1, 2, 2)),
    ]
    models = [node_model("Tile", {"x": x, "r": np.array(repeats)}) for x, repeats in tiles]
    assert check_all(models) == ["tile"] * 4


def test_expand() -> None:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...], list[str]]] = [
        ((1, 3, 1, 1), (2, 3, 4, 5), ["tile"]),
        ((2, 1, 4, 1), (1, 3, 1, 1), ["tile"]),
        ((3, 1, 1), (2, 3, 4, 5), ["expand_dims", "tile"]),
        ((5,), (2, 5), ["expand_dims", "tile"]),
        ((2, 1), (3, 1, 4), ["expand_dims", "tile"]),
        ((1,), (2, 3, 4, 5), ["expand_dims", "tile"]),
        ((5,), (1, 5), ["expand_dims"]),
    ]
    models = [node_model("Expand", {"x": x, "s": np.array(shape)}) for x, shape, _ in shapes]
    assert check_all(models) == [kind for _, _, kinds in shapes for kind in kinds]


def test_what_changes_nothing() -> None:
    nodes = [
        helper.make_node("Expand", ["x", "s"], ["a"]),
        helper.make_node("Tile", ["a", "r"], ["b"]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    inputs = {"x": (2, 3), "s": np.array([1, 3]), "r": np.array([1, 1])}
    assert check(graph_model(nodes, inputs)) == ["relu"]


def test_integers() -> None:
    nodes = [
        helper.make_node("Tile", ["x", "r"], ["a"]),
        helper.make_node("Expand", ["x", "s"], ["b"]),
    ]
    inputs = {"x": (1, 3), "r": np.array([2, 2]), "s": np.array([2, 4, 3])}
    model = graph_model(nodes, inputs, ["a", "b"], dtype=TensorProto.INT64)
    check(model, feeds={"x": np.array([[70_001, -3, 2]])}, tolerance=0)
