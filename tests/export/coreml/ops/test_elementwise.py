from __future__ import annotations

from typing import Any

import numpy as np
import onnx
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
    rand,
)

KINDS = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "real_div"}
EXTREMES = {"Max": "maximum", "Min": "minimum"}
SHAPES = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((2, 3, 4, 5), (5,)),
    ((2, 3, 4, 5), ()),
    ((2, 3, 4, 5), (1, 1)),
    ((3, 4, 5), (2, 3, 1, 1)),
    ((2, 1, 4, 1), (1, 3, 1, 5)),
    ((3,), (2, 3)),
    ((1, 2, 3, 2, 2), (3, 2, 2)),
]


@pytest.mark.parametrize("constant", ["", "a", "b"])
@pytest.mark.parametrize("op_type", [*KINDS, *EXTREMES])
def test_broadcast(op_type: str, constant: str) -> None:
    models = []
    for a, b in SHAPES:
        inputs: dict[str, Any] = {"a": a, "b": b}
        if b == () and constant != "b":
            continue  # packages take no inputs without axes
        if constant:
            inputs[constant] = np.asarray(np.abs(rand(*inputs[constant])) + 1)
        models.append(node_model(op_type, inputs))
    kinds = check_all(models, low=1.0)
    # coremltools multiplies by the reciprocal of a constant divisor.
    expected = "mul" if (op_type, constant) == ("Div", "b") else {**KINDS, **EXTREMES}[op_type]
    assert kinds == [expected] * len(models)


def test_division_by_a_constant_with_a_zero() -> None:
    divisor = np.array([1, 0, 2], np.float32)
    feeds = {"x": np.array([[1, 2, 3]], np.float32)}
    check(node_model("Div", {"x": (1, 3), "k": divisor}), feeds=feeds)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [
        (np.float32(2), "square"),
        (np.float32(0.5), "sqrt"),
        (np.float32(3), "pow"),
        (np.int64(2), "square"),
        (np.int64(3), "pow"),
        (np.array([2], np.float32), "square"),
        (np.array([[[1]], [[2]], [[3]]], np.float32), "pow"),
    ],
)
def test_pow(exponent: Any, expected: str) -> None:
    model = node_model("Pow", {"x": (2, 3, 4, 5), "e": np.asarray(exponent)})
    assert check(model, low=0.1) == [expected]


def test_pow_of_negative_numbers() -> None:
    models = [node_model("Pow", {"x": (3, 4), "e": np.asarray(np.float32(e))}) for e in (2, 3)]
    check_all(models)


def test_pow_that_broadcasts_its_base() -> None:
    check(node_model("Pow", {"x": (4,), "e": np.full((3, 1), 2, np.float32)}))
    check(node_model("Pow", {"x": (2, 3, 4, 5), "e": (3, 1, 1)}), low=0.5)


def test_pow_of_mixed_types() -> None:
    model = parse("agraph (float[2,3] x, int32[2,3] e) => (float[2,3] y) { y = Pow(x, e) }")
    feeds = {"x": rand(2, 3), "e": np.array([[0, 1, 2], [3, 4, 5]], np.int32)}
    assert check(model, feeds=feeds) == ["cast", "pow"]


def test_several_operands() -> None:
    shapes = [(2, 3, 4, 5), (3, 1, 1), (5,), (2, 1, 4, 1)]
    models = []
    for op_type in ("Max", "Min", "Sum"):
        for count in (2, 3, 4):
            inputs: dict[str, Any] = {f"x{i}": shape for i, shape in enumerate(shapes[:count])}
            models.append(node_model(op_type, inputs))
            models.append(node_model(op_type, {**inputs, "x1": rand(*shapes[1])}))
    kinds = check_all(models)
    assert [kinds.count(kind) for kind in ("maximum", "minimum", "add")] == [12, 12, 12]


def test_one_operand() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Sum", ["r"], ["s"]),
        helper.make_node("Sigmoid", ["s"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3)})) == ["relu", "sigmoid"]


@pytest.mark.parametrize("op_type", [*KINDS, *EXTREMES])
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
    if op_type == "Div":  # ONNX rounds towards zero
        assert kinds.count("floor_div") == 1
    else:
        assert kinds == [{**KINDS, **EXTREMES}[op_type]]


def test_constants_of_more_than_32_bits_are_unsupported() -> None:
    node = helper.make_node("Add", ["a", "k"], ["y"])
    big = np.array([2**31])
    model = graph_model([node], {"a": (2, 3), "k": big}, dtype=TensorProto.INT64)
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "k holds integers of more than 32 bits" in error.value.why


def test_broadcasting_before_opset_7() -> None:
    new = node_model("Add", {"x": (2, 3, 4), "k": rand(4)})
    assert check(_old_add(axis=2), reference=new) == ["add"]
    with pytest.raises(UnsupportedError) as error:
        lower_model(_old_add(axis=1))
    assert "broadcasting along other axes than the last ones" in error.value.why


def _old_add(axis: int) -> onnx.ModelProto:
    inputs = {"x": (2, 3, 4), "k": rand((2, 3, 4)[axis])}
    return node_model("Add", inputs, opset=6, broadcast=1, axis=axis)
