from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    kinds,
    lower_model,
    node_model,
    parse,
    rand,
    run_lowered,
)

KINDS = {"Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV", "Max": "MAXIMUM", "Min": "MINIMUM"}
SHAPES = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((2, 3, 4, 5), (1, 3, 1, 1)),
    ((2, 3, 4, 5), (5,)),
    ((2, 3, 4, 5), (3, 4, 5)),
    ((2, 3, 4, 5), (4, 5)),
    ((2, 3, 4, 5), (4, 1)),
    ((2, 3, 4, 5), ()),
    ((2, 3, 4, 5), (1,)),
    ((2, 3, 4, 5), (1, 1)),
    ((3, 4, 5), (2, 3, 1, 1)),
    ((2, 1, 4, 1), (1, 3, 1, 5)),
    ((3,), (2, 3)),
    ((3,), (1, 1)),
    ((4, 3), (3,)),
    ((2, 3, 4), (3, 1)),
    ((1, 2, 3, 2, 2), (2, 1, 1, 1)),
    ((1, 2, 3, 2, 2), (3, 2, 2)),
]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("constant", ["", "a", "b"])
@pytest.mark.parametrize("op_type", list(KINDS))
def test_broadcast(
    op_type: str, constant: str, a: tuple[int, ...], b: tuple[int, ...], io_layout: Any
) -> None:
    inputs: dict[str, Any] = {"a": a, "b": b}
    if constant:
        inputs[constant] = np.asarray(np.abs(rand(*inputs[constant])) + 1)
    found = check(node_model(op_type, inputs), io_layout, low=1.0)
    reciprocal = op_type == "Div" and constant == "b"
    assert ("MUL" if reciprocal else KINDS[op_type]) in found


@pytest.mark.parametrize("op_type", ["Add", "Mul"])
def test_a_computed_operand_of_lower_rank_is_brought_to_nhwc(op_type: str) -> None:
    """(C, H, W) next to an NHWC image: the operand itself must be transposed."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["k"], ["b"]),
        helper.make_node(op_type, ["b", "a"], ["y"]),
    ]
    check_both(graph_model(nodes, {"x": (1, 2, 4, 5), "k": (3, 4, 5), "w": rand(3, 2, 1, 1)}))


def test_a_constant_per_channel_costs_nothing_but_the_operator() -> None:
    assert check(node_model("Mul", {"x": (1, 3, 4, 5), "k": rand(3, 1, 1)})) == ["MUL"]


def test_division_by_a_constant_with_a_zero_stays_a_division() -> None:
    divisor = np.array([1, 0, 2], np.float32)
    feeds = {"x": np.array([[1, 2, 3]], np.float32)}
    assert check(node_model("Div", {"x": (1, 3), "k": divisor}), feeds=feeds) == ["DIV"]
    # 1e-40 has no float32 reciprocal. (LiteRT takes such numbers for zero, so nothing is run.)
    tiny = np.array([1, 1e-40, 2], np.float32)
    assert kinds(lower_model(node_model("Div", {"x": (1, 3), "k": tiny}))) == ["DIV"]


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [
        (np.float32(2), ["MUL"]),
        (np.float32(0.5), ["SQRT"]),
        (np.float32(3), ["POW"]),
        (np.int64(2), ["MUL"]),
        (np.int64(3), ["POW"]),
        (np.array([2], np.float32), ["MUL"]),
        (np.array([[[1]], [[2]], [[3]]], np.float32), ["POW"]),
    ],
)
def test_pow(exponent: Any, expected: list[str]) -> None:
    model = node_model("Pow", {"x": (2, 3, 4, 5), "e": np.asarray(exponent)})
    assert check_both(model, low=0.1) == expected


def test_pow_of_negative_numbers() -> None:
    check(node_model("Pow", {"x": (3, 4), "e": np.asarray(np.float32(3))}))
    check(node_model("Pow", {"x": (3, 4), "e": np.asarray(np.float32(2))}))


def test_pow_that_broadcasts_its_base() -> None:
    check_both(node_model("Pow", {"x": (4,), "e": np.full((3, 1), 2, np.float32)}))


def test_pow_of_computed_exponents() -> None:
    check_both(node_model("Pow", {"x": (2, 3, 4, 5), "e": (3, 1, 1)}), low=0.5)


@pytest.mark.parametrize("op_type", ["Max", "Min", "Sum"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_several_operands(op_type: str, count: int) -> None:
    shapes = [(2, 3, 4, 5), (3, 1, 1), (5,), (2, 1, 4, 1)][:count]
    inputs: dict[str, Any] = {f"x{i}": shape for i, shape in enumerate(shapes)}
    check_both(node_model(op_type, inputs))
    if count > 1:
        check_both(node_model(op_type, {**inputs, "x1": rand(*shapes[1])}))


@pytest.mark.parametrize("op_type", ["Add", "Sub", "Mul", "Div", "Max", "Min"])
@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT64])
def test_integers(op_type: str, dtype: int) -> None:
    node = helper.make_node(op_type, ["a", "b"], ["y"])
    model = graph_model([node], {"a": (2, 3), "b": (2, 3)}, dtype=dtype)
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    feeds = {
        "a": np.array([[7, -7, 5], [1, 0, 9]], kind),
        "b": np.array([[2, 2, -3], [1, 4, 2]], kind),
    }
    kinds = check(model, feeds=feeds, tolerance=0)
    narrowed = op_type == "Div" and dtype == TensorProto.INT64
    assert kinds == (["CAST", "CAST", "DIV", "CAST"] if narrowed else [KINDS[op_type]])


@pytest.mark.parametrize("op_type", ["Add", "Sub", "Mul", "Max", "Min"])
@pytest.mark.parametrize("dtype", [TensorProto.INT8, TensorProto.UINT8, TensorProto.UINT32])
def test_narrow_integers_wrap_around(op_type: str, dtype: int) -> None:
    """Against NumPy: ONNX Runtime has not all of these."""
    node = helper.make_node(op_type, ["a", "b"], ["y"])
    model = graph_model([node], {"a": (4,), "b": (4,)}, dtype=dtype)
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    limits = np.iinfo(kind)
    feeds = {
        "a": np.array([limits.max, limits.min, 7, 100], kind),
        "b": np.array([limits.max, 1, 3, 100], kind),
    }
    function = {"Max": np.maximum, "Min": np.minimum, "Sub": np.subtract}.get(op_type)
    function = function or {"Add": np.add, "Mul": np.multiply}[op_type]
    with np.errstate(over="ignore"):
        wanted = function(feeds["a"], feeds["b"])
    [found] = run_lowered(lower_model(model), feeds)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("e", ["float", "int32", "int64"])
@pytest.mark.parametrize("x", ["float", "int32", "int64"])
def test_pow_of_all_types(x: str, e: str) -> None:
    model = parse(f"agraph ({x}[2,3] x, {e}[2,3] e) => ({x}[2,3] y) {{ y = Pow(x, e) }}")
    feeds = {"x": np.array([[1, 2, 3], [4, 5, 6]]), "e": np.array([[0, 1, 2], [3, 2, 1]])}
    types = {"float": np.float32, "int32": np.int32, "int64": np.int64}
    check(model, feeds={"x": feeds["x"].astype(types[x]), "e": feeds["e"].astype(types[e])})


@pytest.mark.parametrize(
    ("dtype", "fmod"),
    [
        (TensorProto.FLOAT, 1),
        *((t, f) for t in (TensorProto.INT32, TensorProto.INT64) for f in (0, 1)),
    ],
)
def test_mod(dtype: int, fmod: int) -> None:
    node = helper.make_node("Mod", ["a", "b"], ["y"], fmod=fmod)
    model = graph_model([node], {"a": (2, 3), "b": (3,)}, dtype=dtype)
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    feeds = {
        "a": np.array([[7, -7, 5], [-1, 0, 9]]).astype(kind),
        "b": np.array([3, 3, -4]).astype(kind),
    }
    assert "FLOOR_MOD" in check(model, feeds=feeds)
