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
    parse,
)

SHAPES = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((3, 4, 5), (2, 3, 1, 1)),
    ((2, 3), ()),
    ((1, 2, 3, 2, 2), (2, 1, 1, 1)),
]
COMPARING = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]
TYPES = [
    TensorProto.FLOAT,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.INT8,
    TensorProto.UINT8,
]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("op_type", COMPARING)
def test_broadcast(op_type: str, a: tuple[int, ...], b: tuple[int, ...], io_layout: Any) -> None:
    model = node_model(op_type, {"a": a, "b": b})
    given = {name: np.asarray(np.round(array)) for name, array in feeds(model, 0, 1).items()}
    check(model, io_layout, feeds=given, tolerance=0)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("op_type", COMPARING)
def test_types(op_type: str, dtype: int) -> None:
    node = helper.make_node(op_type, ["a", "b"], ["y"])
    model = graph_model([node], {"a": (4, 5), "b": (4, 5)}, dtype=dtype)
    check(model, feeds=feeds(model, 0, 3), tolerance=0)


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("op_type", ["And", "Or", "Xor", "Equal"])
def test_logic(op_type: str, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    node = helper.make_node(op_type, ["a", "b"], ["y"])
    model = graph_model([node], {"a": a, "b": b}, dtype=TensorProto.BOOL)
    check_both(model, tolerance=0)


def test_not() -> None:
    node = helper.make_node("Not", ["a"], ["y"])
    model = graph_model([node], {"a": (2, 3)}, dtype=TensorProto.BOOL)
    assert check(model, tolerance=0) == ["LOGICAL_NOT"]


@pytest.mark.parametrize("dtype", ["float", "int32", "int64"])
@pytest.mark.parametrize(
    ("m", "a", "b"),
    [
        ("2,3,4,5", "2,3,4,5", "2,3,4,5"),
        ("3,1,1", "2,3,4,5", "5"),
        ("2,1,4,1", "3,1,1", "1,1,1,5"),
        ("2,3", "1", "1"),
        ("1,2,3,2,2", "2,1,1,1", "2"),
    ],
)
def test_where(m: str, a: str, b: str, dtype: str) -> None:
    shape = ",".join(
        map(str, np.broadcast_shapes(*(tuple(map(int, s.split(","))) for s in (m, a, b))))
    )
    model = parse(
        f"agraph (bool[{m}] m, {dtype}[{a}] a, {dtype}[{b}] b) => ({dtype}[{shape}] y) "
        "{ y = Where(m, a, b) }"
    )
    assert "SELECT_V2" in check_both(model, tolerance=0)
