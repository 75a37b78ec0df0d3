from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    node_model,
    rand,
)

SHAPES = [(6,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (1, 2, 3, 2, 2)]


@pytest.mark.parametrize(
    ("op_type", "kinds"),
    [
        ("Relu", ["relu"]),
        ("Sigmoid", ["sigmoid"]),
        ("Tanh", ["tanh"]),
        ("Abs", ["abs"]),
        ("Exp", ["exp"]),
        ("Neg", ["mul"]),
        ("Floor", ["floor"]),
        ("Elu", ["elu"]),
        ("LeakyRelu", ["leaky_relu"]),
        ("HardSigmoid", ["sigmoid_hard"]),
        ("HardSwish", ["sigmoid_hard", "mul"]),
    ],
)
def test_unary(op_type: str, kinds: list[str]) -> None:
    models = [node_model(op_type, {"x": shape}) for shape in SHAPES]
    assert check_all(models) == kinds * len(SHAPES)


def test_unary_of_positive_numbers() -> None:
    models = [node_model(op_type, {"x": (2, 3, 4)}) for op_type in ("Sqrt", "Log", "Reciprocal")]
    assert check_all(models, low=0.5) == ["sqrt", "log", "real_div"]


def test_log_and_reciprocal_add_nothing_to_their_operand() -> None:
    """MIL's log and inverse add a small number by default, which shows in small operands."""
    feeds = {"x": np.array([1e-5, 1e-3, -1e-3], np.float32)}
    check(node_model("Reciprocal", {"x": (3,)}), feeds=feeds, tolerance=1e-6)
    feeds = {"x": np.array([1e-38, 1e-3, 0], np.float32)}
    check(node_model("Log", {"x": (3,)}), feeds=feeds, tolerance=1e-6)


def test_parameters() -> None:
    x: dict[str, Any] = {"x": (2, 3, 4, 5)}
    models = [node_model("LeakyRelu", x, alpha=alpha) for alpha in (0.0, 0.2, 1.5)]
    models += [node_model("Elu", x, alpha=alpha) for alpha in (0.5, 2.0)]
    models += [node_model("HardSigmoid", x, alpha=alpha, beta=0.25) for alpha in (0.2, 1 / 6, 0.5)]
    assert check_all(models) == ["leaky_relu"] * 3 + ["elu"] * 2 + ["sigmoid_hard"] * 3


def test_gelu() -> None:
    models = [
        node_model("Gelu", {"x": (2, 3, 40)}, opset=20, approximate=approximate)
        for approximate in ("none", "tanh")
    ]
    # The two differ by 5e-4 of the range.
    assert check_all(models) == ["gelu", "gelu"]


@pytest.mark.parametrize("opset", [6, 11, 13])
def test_clip(opset: int) -> None:
    bounds = [
        (0.0, 6.0, "relu6"),
        (0.0, None, "relu"),
        (-1.0, 1.0, "clip"),
        (-0.5, 0.25, "clip"),
        (-0.5, None, "maximum"),
        (None, 0.5, "minimum"),
        (None, None, "identity"),
        (-3.4028235e38, 3.4028235e38, "identity"),
    ]
    models = [_clip(low, high, opset) for low, high, _ in bounds]
    assert check_all(models) == [kind for _, _, kind in bounds]


def _clip(low: float | None, high: float | None, opset: int) -> onnx.ModelProto:
    if opset < 11:
        given: dict[str, Any] = {
            key: value for key, value in (("min", low), ("max", high)) if value is not None
        }
        return node_model("Clip", {"x": (2, 3, 4)}, opset=opset, **given)
    data = [None if bound is None else np.array(bound, np.float32) for bound in (low, high)]
    return node_model("Clip", {"x": (2, 3, 4), "low": data[0], "high": data[1]}, opset=opset)


def test_clip_between_exchanged_bounds_is_the_upper_one() -> None:
    assert check(_clip(2.0, 1.0, 13)) == ["maximum", "minimum"]


def test_clip_of_integers() -> None:
    nodes = [
        helper.make_node("Clip", ["x", "low", "high"], ["y"]),
        helper.make_node("Clip", ["x", "low"], ["z"]),
    ]
    inputs: dict[str, Any] = {"x": (3, 4), "low": np.array(-2), "high": np.array(4)}
    model = graph_model(nodes, inputs, ["y", "z"], dtype=TensorProto.INT64)
    assert check(model) == ["maximum", "minimum", "maximum"]


PRELU = [
    ((2, 3, 4, 5), (3, 1, 1), ["prelu"]),
    ((2, 3, 4, 5), (1, 3, 1, 1), ["prelu"]),
    ((2, 3, 4, 5), (1,), ["leaky_relu"]),
    ((2, 3, 4, 5), (), ["leaky_relu"]),
    ((2, 3, 4, 5), (5,), None),
    ((2, 3, 4, 5), (3, 4, 5), None),
    ((2, 3, 4, 5), (2, 1, 1, 1), None),
    ((2, 3, 4), (3, 1), None),
    ((2, 3), (3,), None),
    ((2, 3), (1,), ["leaky_relu"]),
    ((6,), (6,), None),
    ((1, 2, 3, 2, 2), (2, 1, 1, 1), None),
]


def test_prelu() -> None:
    models = [node_model("PRelu", {"x": x, "s": np.asarray(rand(*s))}) for x, s, _ in PRELU]
    general = ["maximum", "minimum", "mul", "add"]
    assert check_all(models) == [kind for *_, kinds in PRELU for kind in kinds or general]


def test_prelu_before_opset_7_had_one_slope_per_channel() -> None:
    old = node_model("PRelu", {"x": (2, 3, 4, 3), "s": rand(3)}, opset=6)
    new = node_model("PRelu", {"x": (2, 3, 4, 3), "s": rand(3).reshape(3, 1, 1)})
    assert check(old, reference=new) == ["prelu"]


def test_equal_slopes_are_one_slope() -> None:
    assert check(node_model("PRelu", {"x": (2, 3, 4), "s": np.full((3, 1), 0.1, np.float32)})) == [
        "leaky_relu"
    ]


SOFTMAX = [
    ((3, 4), 1),
    ((3, 4), -1),
    ((3, 4), 0),
    ((2, 3, 4), 1),
    ((2, 3, 4), -1),
    ((2, 3, 4, 5), 1),
    ((2, 3, 4, 5), 2),
    ((2, 6, 1, 1), 1),
    ((2, 6, 1, 1), None),
    ((2, 3, 4, 5), None),
    ((1, 2, 3, 2, 2), 2),
]


@pytest.mark.parametrize("opset", [11, 13])
def test_softmax(opset: int) -> None:
    models = []
    for x, axis in SOFTMAX:
        given: dict[str, Any] = {} if axis is None else {"axis": axis}
        models.append(node_model("Softmax", {"x": x}, opset=opset, **given))
    kinds = check_all(models)
    assert kinds.count("softmax") == len(SOFTMAX)
    # Before opset 13 several axes at once, which are joined and parted again.
    assert kinds.count("reshape") == (12 if opset == 11 else 0)


def test_computed_bounds() -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["middle"], keepdims=0),
        helper.make_node("Clip", ["x", "middle"], ["above"]),
        helper.make_node("Clip", ["x", "", "middle"], ["below"]),
        helper.make_node("Clip", ["x", "zero", "middle"], ["within"]),
    ]
    inputs = {"x": (3, 4), "zero": np.array(0, np.float32)}
    kinds = check(graph_model(nodes, inputs, ["above", "below", "within"]))
    assert kinds.count("maximum") == kinds.count("minimum") == 2
