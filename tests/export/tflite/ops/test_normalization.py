from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.export.lowering.unsupported import Unsupported
from tests.export.tflite.ops.harness import (
    check,
    check_both,
    graph_model,
    lower_alone,
    node_model,
    rand,
)

SHAPES = [(4, 5), (2, 5, 6), (2, 5, 3, 4), (2, 5, 2, 3, 2)]


def batch_norm(x: tuple[int, ...], **attributes: Any) -> Any:
    inputs = {
        "x": x,
        "scale": rand(5),
        "shift": rand(5, seed=1),
        "mean": rand(5, seed=2),
        "variance": np.abs(rand(5, seed=3)) + 0.1,
    }
    return node_model("BatchNormalization", inputs, **attributes)


@pytest.mark.parametrize("x", SHAPES)
@pytest.mark.parametrize("opset", [9, 14, 15])
def test_batch_normalization(x: tuple[int, ...], opset: int) -> None:
    kinds = check_both(batch_norm(x, opset=opset, epsilon=0.01))
    assert kinds == (["DEPTHWISE_CONV_2D"] if len(x) == 4 else ["MUL", "ADD"])


@pytest.mark.parametrize("x", SHAPES[1:])
@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_instance_normalization(x: tuple[int, ...], epsilon: float) -> None:
    inputs = {"x": x, "scale": rand(5), "shift": rand(5, seed=1)}
    check_both(node_model("InstanceNormalization", inputs, epsilon=epsilon))


@pytest.mark.parametrize("axis", [-1, 1, 2, -3])
@pytest.mark.parametrize("bias", [True, False])
def test_layer_normalization(axis: int, bias: bool) -> None:
    shape = (2, 3, 4, 5)[axis:]
    inputs: dict[str, Any] = {"x": (2, 3, 4, 5), "scale": rand(*shape)}
    if bias:
        inputs["shift"] = rand(*shape, seed=1)
    check_both(node_model("LayerNormalization", inputs, axis=axis))


def test_layer_normalization_of_channels_of_an_image() -> None:
    """As ConvNeXt has it: between two transposes, which cost nothing in NHWC."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 2, 3, 1]),
        helper.make_node("LayerNormalization", ["b", "scale", "shift"], ["c"]),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 3, 1, 2]),
    ]
    model = graph_model(nodes, {"x": (1, 6, 3, 4), "scale": rand(6), "shift": rand(6, seed=1)})
    assert "TRANSPOSE" not in check(model)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            node_model("InstanceNormalization", {"x": (1, 2, 3, 3), "s": (2,), "b": rand(2)}),
            "a parameter of instance normalization must be a constant",
        ),
        (
            node_model("LayerNormalization", {"x": (2, 3), "s": (3,)}),
            "the scale of layer normalization must be a constant",
        ),
    ],
)
def test_left_to_simpler_operators(model: Any, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        lower_alone(model)
    check(model, tolerance=1e-4)
