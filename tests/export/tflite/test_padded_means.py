from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.padded_means import means
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.tflite.ops.harness import check, graph_model, lower_model, node_model, rand
from tests.export.tflite.small_graphs import Small

POOL = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}


def test_a_mean_over_a_border_is_a_convolution() -> None:
    model = node_model("AveragePool", {"x": (1, 2, 8, 8)}, count_include_pad=1, **POOL)
    assert check(model) == ["PAD", "DEPTHWISE_CONV_2D"]


def test_so_is_one_behind_a_pad_of_the_network() -> None:
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["p"]),
        helper.make_node("AveragePool", ["p"], ["a"], kernel_shape=[2, 2]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    pads = np.array([0, 0, 1, 0, 0, 0, 0, 1])
    model = graph_model(nodes, {"x": (1, 2, 6, 7), "pads": pads})
    assert check(model) == ["PAD", "DEPTHWISE_CONV_2D"]


def test_only_filters_of_means_are_means() -> None:
    """Others, and those of one number that is not one over the taps, are rounded as ever."""
    nodes: list[Any] = [
        helper.make_node("AveragePool", ["x"], ["m"], count_include_pad=1, **POOL),
        helper.make_node("Conv", ["m", "w"], ["c"], group=2),
        helper.make_node("Conv", ["c", "ones"], ["y"], group=2),
    ]
    ones = np.ones((2, 1, 2, 1), np.float32)
    constants = {"w": rand(2, 1, 1, 2), "ones": ones}
    lowered = lower_model(graph_model(nodes, {"x": (1, 2, 8, 8), **constants}))
    data = to_bytes(to_model(lowered.graph, lowered.io, "means"))
    assert means(from_bytes(data)) == {"m"}


@pytest.mark.parametrize("scheme", ["fp16", "dynamic"])
def test_rounding_weights_shifts_no_mean(scheme: str) -> None:
    small = Small(x=(1, 7, 7, 4))
    filters = np.full((1, 3, 3, 4), 1 / 9, np.float32)
    small.constant("w", filters).constant("b", np.zeros(4, np.float32))
    opts = options(
        "DepthwiseConv2DOptions",
        padding=1,
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=1,
    )
    small.op("DEPTHWISE_CONV_2D", "x w b", "y", (1, 5, 5, 4), opts=opts).out("y")
    [sample] = small.samples(1)
    [expected] = small.run(small.data(), sample)
    [found] = small.run(small.quantized(scheme), sample)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
