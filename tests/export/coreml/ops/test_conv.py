from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
    rand,
)


def conv(
    x: tuple[int, ...],
    weight: tuple[int, ...],
    *,
    bias: bool = True,
    opset: int = 18,
    **attributes: Any,
) -> onnx.ModelProto:
    inputs: dict[str, Any] = {"x": x, "w": rand(*weight, seed=1)}
    if bias:
        inputs["b"] = rand(weight[0], seed=2)
    return node_model("Conv", inputs, opset=opset, **attributes)


GROUPS = [
    ((8, 6, 3, 3), 1),
    ((8, 3, 3, 3), 2),
    ((9, 2, 1, 1), 3),
    ((6, 1, 3, 3), 6),
    ((12, 1, 3, 3), 6),
    ((18, 1, 2, 2), 6),
]


def test_groups() -> None:
    models = [
        conv((2, 6, 7, 8), weight, bias=bias, group=group, pads=[1, 1, 1, 1])
        for (weight, group), bias in product(GROUPS, (True, False))
    ]
    assert check_all(models) == ["conv"] * len(models)


def test_windows() -> None:
    kernels = [(1, 3), (2, 2), (3, 3), (5, 4)]
    strides = [(1, 1), (2, 2), (3, 2)]
    pads = [(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1), (1, 0, 2, 1)]
    models = [
        conv((1, 2, 8, 9), (3, 2, *kernel), strides=stride, pads=pad)
        for kernel, stride, pad in product(kernels, strides, pads)
    ]
    assert check_all(models) == ["conv"] * len(models)


def test_dilation() -> None:
    models = [
        conv(
            (1, 4, 11, 12),
            (4, 1 if depthwise else 4, 3, 3),
            group=4 if depthwise else 1,
            dilations=dilations,
            pads=pads,
            strides=(stride, stride),
        )
        for dilations, pads, stride, depthwise in product(
            [(2, 2), (1, 3)], [(0, 0, 0, 0), (1, 0, 3, 2)], [1, 2], [False, True]
        )
    ]
    assert check_all(models) == ["conv"] * len(models)


def test_auto_pad() -> None:
    models = [
        conv((1, 2, 9, 10), (3, 2, kernel, kernel), auto_pad=auto, strides=(stride, stride))
        for auto, kernel, stride in product(
            ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"], [1, 2, 3, 4], [1, 2, 3]
        )
    ]
    assert check_all(models) == ["conv"] * len(models)


def test_one_and_three_axes() -> None:
    models = [
        conv((2, 4, 10), (8, 4 // group, 3), group=group, strides=[2], pads=(0, 1))
        for group in (1, 2, 4)
    ]
    models += [
        conv(
            (1, 4, 5, 6, 7),
            (8, 4 // group, 3, 2, 3),
            group=group,
            strides=[1, 2, 2],
            pads=(1, 0, 1, 1, 1, 1),
        )
        for group in (1, 4)
    ]
    models.append(conv((1, 2, 6, 6, 6), (3, 2, 2, 2, 2), dilations=[2, 1, 3]))
    assert check_all(models) == ["conv"] * len(models)


def test_half_precision() -> None:
    kinds = check(conv((1, 8, 9, 9), (8, 8, 3, 3)), precision="float16", tolerance=2e-3)
    assert kinds == ["cast", "conv", "cast"]


def test_shared_weights() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    model = graph_model(nodes, {"x": (1, 3, 6, 6), "w": rand(3, 3, 3, 3) / 3})
    assert check(model) == ["conv", "conv", "relu"]


def test_computed_weights() -> None:
    models = [
        node_model("Conv", {"x": (1, 2, 5, 5), "w": (3, 2, 3, 3)}, pads=[1, 1, 1, 1]),
        node_model("Conv", {"x": (1, 4, 5, 5), "w": (6, 2, 3, 3), "b": rand(6)}, group=2),
        node_model("Conv", {"x": (1, 2, 5, 5), "w": rand(3, 2, 3, 3), "b": (3,)}),
        node_model("Conv", {"x": (1, 2, 7), "w": (3, 2, 3), "b": (3,)}, strides=[2]),
    ]
    kinds = check_all(models)
    assert kinds.count("conv") == 4
    assert kinds.count("add") == 2  # coremltools takes in one of the three


def test_four_axes() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(conv((1, 2, 5, 5, 5, 5), (3, 2, 3, 3, 3, 3)))
    assert "a tensor of 6 axes; ML programs have at most 5" in error.value.why


def test_weights_of_half_precision_are_computed_with_in_float32() -> None:
    nodes = [
        helper.make_node("Cast", ["h"], ["w"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "w"], ["y"]),
    ]
    weight = rand(3, 2, 3, 3).astype(np.float16)
    assert check(graph_model(nodes, {"x": (1, 2, 5, 5), "h": weight})) == ["conv"]
