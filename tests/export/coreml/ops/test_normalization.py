from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from tests.export.coreml.ops.harness import check, check_all, node_model, rand

SHAPES = [(4, 5), (2, 5, 6), (2, 5, 3, 4), (2, 5, 2, 3, 2)]


def batch_norm(x: tuple[int, ...], **attributes: Any) -> onnx.ModelProto:
    inputs = {
        "x": x,
        "scale": rand(5),
        "shift": rand(5, seed=1),
        "mean": rand(5, seed=2),
        "variance": np.abs(rand(5, seed=3)) + 0.1,
    }
    return node_model("BatchNormalization", inputs, **attributes)


@pytest.mark.parametrize("opset", [9, 14, 15])
def test_batch_normalization(opset: int) -> None:
    models = [batch_norm(x, opset=opset, epsilon=0.01) for x in SHAPES]
    # MIL's batch_norm takes three axes and more.
    assert check_all(models, tolerance=1e-6) == ["mul", "add"] + ["batch_norm"] * 3


def test_small_variances_in_half_precision() -> None:
    """A variance of 1e-8 is zero in half precision; the scale made of it is not."""
    inputs = {
        "x": (1, 5, 3, 4),
        "scale": np.full(5, 1e-4, np.float32),
        "shift": rand(5, seed=1),
        "mean": rand(5, seed=2) * 1e-4,
        "variance": np.full(5, 1e-8, np.float32),
    }
    model = node_model("BatchNormalization", inputs, epsilon=0.0)
    check(model, precision="float16", tolerance=2e-3)


def test_instance_normalization() -> None:
    inputs = {"scale": rand(5), "shift": rand(5, seed=1)}
    models = [
        node_model("InstanceNormalization", {"x": x, **inputs}, epsilon=epsilon)
        for x in SHAPES[1:]
        for epsilon in (1e-5, 0.1)
    ]
    kinds = check_all(models)
    assert kinds.count("instance_norm") == 6
    assert kinds.count("reshape") == 4  # of the two volumes


def test_layer_normalization() -> None:
    models = []
    for axis in (-1, 1, 2, -3):
        shape = (2, 3, 4, 5)[axis:]
        inputs: dict[str, Any] = {"x": (2, 3, 4, 5), "scale": rand(*shape)}
        models.append(node_model("LayerNormalization", inputs, axis=axis))
        inputs["shift"] = rand(*shape, seed=1)
        models.append(node_model("LayerNormalization", inputs, axis=axis, epsilon=0.1))
    assert check_all(models) == ["layer_norm"] * 8


def test_parameters_of_layer_normalization_are_broadcast() -> None:
    inputs = {"x": (2, 3, 4), "scale": rand(1, 1, 4), "shift": rand(1)}
    assert check(node_model("LayerNormalization", inputs)) == ["layer_norm"]


def test_forms_that_mil_has_not_are_composed() -> None:
    models = [
        node_model("InstanceNormalization", {"x": (1, 2, 3, 3), "s": (2,), "b": rand(2)}),
        node_model("LayerNormalization", {"x": (2, 3), "s": rand(3)}, outputs=("y", "mean")),
        node_model("LayerNormalization", {"x": (2, 3), "s": rand(2, 1)}),
        node_model("LayerNormalization", {"x": (2, 3), "s": (3,), "b": (3,)}),
    ]
    check_all(models)
