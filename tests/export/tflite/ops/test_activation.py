from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.export.lowering.unsupported import Unsupported
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    lower_alone,
    node_model,
    rand,
)

SHAPES = [(6,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (1, 2, 3, 2, 2)]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("x", SHAPES)
@pytest.mark.parametrize(
    ("op_type", "kind"),
    [
        ("Relu", "RELU"),
        ("Sigmoid", "LOGISTIC"),
        ("Tanh", "TANH"),
        ("HardSwish", "HARD_SWISH"),
        ("Abs", "ABS"),
        ("Exp", "EXP"),
        ("Neg", "NEG"),
        ("Floor", "FLOOR"),
        ("Elu", "ELU"),
        ("LeakyRelu", "LEAKY_RELU"),
    ],
)
def test_unary(op_type: str, kind: str, x: tuple[int, ...], io_layout: Any) -> None:
    assert check(node_model(op_type, {"x": x}), io_layout) == [kind]


@pytest.mark.parametrize("op_type", ["Sqrt", "Log", "Reciprocal"])
def test_unary_of_positive_numbers(op_type: str) -> None:
    check_both(node_model(op_type, {"x": (2, 3, 4, 5)}), low=0.5)


@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.5])
def test_leaky_relu(alpha: float) -> None:
    check_both(node_model("LeakyRelu", {"x": (2, 3, 4, 5)}, alpha=alpha))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate: str) -> None:
    check_both(node_model("Gelu", {"x": (2, 3, 4, 5)}, opset=20, approximate=approximate))


BOUNDS = [
    (None, None, []),
    (0.0, None, ["RELU"]),
    (0.0, 6.0, ["RELU6"]),
    (-1.0, 1.0, ["RELU_N1_TO_1"]),
    (0.0, 1.0, ["RELU_0_TO_1"]),
    (0.0, 3.4028235e38, ["RELU"]),
    (-3.4028235e38, 0.5, ["MINIMUM"]),
    (-0.5, None, ["MAXIMUM"]),
    (None, 0.25, ["MINIMUM"]),
    (-0.3, 0.7, ["MAXIMUM", "MINIMUM"]),
]


@pytest.mark.parametrize(("low", "high", "kinds"), BOUNDS)
@pytest.mark.parametrize("opset", [6, 11, 13])
def test_clip(low: float | None, high: float | None, kinds: list[str], opset: int) -> None:
    if opset == 6:
        attributes = {"min": low, "max": high}
        given = {name: value for name, value in attributes.items() if value is not None}
        model = node_model("Clip", {"x": (2, 3, 4, 5)}, opset=opset, **given)
    else:
        bounds = [None if b is None else np.array(b, np.float32) for b in (low, high)]
        inputs = {"x": (2, 3, 4, 5), "low": bounds[0], "high": bounds[1]}
        model = node_model("Clip", inputs, opset=opset)
    # With nothing to do, the input still has to be copied to the output.
    assert check_both(model) == (kinds or ["RESHAPE"])


@pytest.mark.parametrize("opset", [11, 13])  # before, bounds that cross have no meaning
def test_clip_between_bounds_that_cross(opset: int) -> None:
    bounds = {"low": np.array(0.5, np.float32), "high": np.array(-0.5, np.float32)}
    model = node_model("Clip", {"x": (2, 3, 4, 5), **bounds}, opset=opset)
    assert check_both(model) == ["MAXIMUM", "MINIMUM"]


@pytest.mark.parametrize("alpha", [0.2, 1 / 6, 0.5])
@pytest.mark.parametrize("beta", [0.5, 0.25])
def test_hard_sigmoid(alpha: float, beta: float) -> None:
    kinds = check_both(node_model("HardSigmoid", {"x": (2, 3, 4, 5)}, alpha=alpha, beta=beta))
    # RELU6 is fused into ADD.
    assert kinds == ["MUL"] * (alpha != 1 / 6) + ["ADD", "MUL"]


def test_hard_sigmoid_has_defaults() -> None:
    check_both(node_model("HardSigmoid", {"x": (2, 3, 4, 5)}))


@pytest.mark.parametrize(
    ("x", "slope"),
    [
        ((2, 3, 4, 5), (3, 1, 1)),
        ((2, 3, 4, 5), (1,)),
        ((2, 3, 4, 5), ()),
        ((2, 3, 4, 5), (1, 3, 1, 1)),
        ((2, 3, 4, 5), (5,)),
        ((2, 3, 4, 5), (3, 4, 5)),
        ((2, 3, 4, 5), (2, 1, 1, 1)),
        ((2, 3, 4), (3, 1)),
        ((2, 3), (3,)),
        ((2, 3), (1,)),
        ((6,), (6,)),
        ((6,), (1,)),
        ((1, 2, 3, 2, 2), (2, 1, 1, 1)),
    ],
)
def test_prelu(x: tuple[int, ...], slope: tuple[int, ...]) -> None:
    assert check_both(node_model("PRelu", {"x": x, "slope": np.asarray(rand(*slope))})) == ["PRELU"]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize(
    ("x", "axis"),
    [
        ((3, 4), 1),
        ((3, 4), -1),
        ((3, 4), 0),
        ((2, 3, 4), 1),
        ((2, 3, 4), -1),
        ((2, 3, 4, 5), 1),
        ((2, 3, 4, 5), 2),
        ((2, 3, 4, 5), -1),
        ((2, 6, 1, 1), 1),
        ((2, 6, 1, 1), None),
        ((2, 3, 4, 5), None),
        ((1, 2, 3, 2, 2), 2),
    ],
)
def test_softmax(x: tuple[int, ...], axis: int | None, opset: int, io_layout: Any) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check(node_model("Softmax", {"x": x}, opset=opset, **attributes), io_layout)


def test_softmax_over_channels_needs_no_transpose() -> None:
    assert check(node_model("Softmax", {"x": (1, 3, 4, 5)}, axis=1)) == ["SOFTMAX"]
    assert check(node_model("Softmax", {"x": (1, 9, 1, 1)}, axis=1, opset=9)) == ["SOFTMAX"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (node_model("Elu", {"x": (3,)}, alpha=0.5), "Elu with alpha 0.5"),
        (node_model("PRelu", {"x": (2, 3), "s": (3,)}), "slope of PRelu must be a constant"),
        (
            node_model("PRelu", {"x": (2, 3), "s": np.ones((1, 2, 3), np.float32)}),
            "slopes of 3 axes for 2",
        ),
        (node_model("Clip", {"x": (3,), "low": ()}), "min must be a constant"),
    ],
)
def test_left_to_simpler_operators(model: Any, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        lower_alone(model)
    check(model)


@pytest.mark.parametrize("op_type", ["Ceil", "Cos", "Floor", "Round", "Sign", "Sin"])
def test_functions_of_one_number(op_type: str) -> None:
    halves = np.array([-2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.2, -3.7], np.float32)
    found = check(node_model(op_type, {"x": (10,)}), feeds={"x": halves})
    assert found == [op_type.upper()]
    check_both(node_model(op_type, {"x": (2, 3, 4, 5)}))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_log_softmax(axis: int) -> None:
    assert "LOG_SOFTMAX" in check_both(node_model("LogSoftmax", {"x": (2, 3, 4, 5)}, axis=axis))


@pytest.mark.parametrize("dtype", [TensorProto.INT32, TensorProto.INT8])
def test_relu_of_integers(dtype: int) -> None:
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": (3, 4)}, dtype=dtype)
    assert "MAXIMUM" in check(model, tolerance=0)
