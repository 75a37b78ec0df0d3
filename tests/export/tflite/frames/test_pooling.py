"""3-D pooling as 2-D pooling in space and then in time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.tflite.frames.clips import check_clips, node
from tests.export.tflite.ops.harness import graph_model

WINDOWS = [
    # kernel, strides, pads
    ((2, 2, 2), (2, 2, 2), [0] * 6),
    ((3, 3, 3), (2, 2, 2), [1] * 6),
    ((1, 3, 3), (1, 2, 2), [0, 1, 1] * 2),
    ((3, 1, 1), (1, 1, 1), [1, 0, 0] * 2),
    ((3, 1, 1), (2, 1, 1), [1, 0, 0, 0, 0, 0]),
    ((2, 3, 1), (1, 2, 1), [0, 1, 0, 1, 0, 0]),
    ((1, 1, 1), (2, 1, 2), [0] * 6),
]


def pool(kind: str, shape: tuple[int, ...], window, opset: int = 18, **attributes):
    kernel, strides, pads = window
    fields = {"kernel_shape": kernel, "strides": strides, "pads": pads, **attributes}
    return graph_model([node(kind, "x", **fields)], {"x": shape}, opset=opset)


@pytest.mark.parametrize("shape", [(1, 3, 8, 6, 7), (2, 3, 5, 6, 6)], ids=str)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_windows(window, shape):
    # The border of a maximum is absent, not zero: half of these inputs are below zero.
    kinds = check_clips(pool("MaxPool", shape, window))
    assert 1 <= kinds["MAX_POOL_2D"] <= 2
    for include in (0, 1):
        kinds = check_clips(pool("AveragePool", shape, window, count_include_pad=include))
        # Over a written border, a mean is a convolution.
        assert 1 <= kinds["AVERAGE_POOL_2D"] + kinds["DEPTHWISE_CONV_2D"] <= 2


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_ceil_mode(kind):
    window = ((3, 2, 3), (2, 2, 2), [0] * 6)
    check_clips(pool(kind, (1, 2, 6, 7, 6), window, opset=22, ceil_mode=1))


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_automatic_pads(kind):
    fields = {"kernel_shape": (3, 2, 3), "strides": (2, 1, 2), "auto_pad": "SAME_UPPER"}
    check_clips(graph_model([node(kind, "x", **fields)], {"x": (1, 2, 6, 5, 7)}))


def test_the_maximum_of_frames_below_zero_is_below_zero():
    shift = np.float32(-100)
    window = {"kernel_shape": (3, 3, 3), "strides": (2, 2, 2), "pads": [1] * 6}
    nodes = [node("Add", "x", "shift", output="low"), node("MaxPool", "low", **window)]
    check_clips(graph_model(nodes, {"x": (1, 3, 6, 6, 6), "shift": shift.reshape(1)}))


def test_a_window_in_one_of_space_and_time_is_one_operator():
    space = check_clips(pool("MaxPool", (1, 3, 4, 6, 6), WINDOWS[2]))
    time = check_clips(pool("MaxPool", (1, 3, 4, 6, 6), WINDOWS[3]))
    assert space["MAX_POOL_2D"] == time["MAX_POOL_2D"] == 1
