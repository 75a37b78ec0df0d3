from __future__ import annotations

import pytest
from onnx import helper

from tests.export.tflite.ops.harness import check, graph_model, node_model, rand

POINT = rand(3, 2, 1, 1)


@pytest.mark.parametrize("strides", [(2, 2), (1, 2), (3, 1)])
def test_a_pointwise_convolution_with_a_stride_picks_its_points_first(
    strides: tuple[int, int],
) -> None:
    kinds = check(node_model("Conv", {"x": (1, 2, 9, 8), "w": POINT}, strides=strides))
    assert kinds == ["MAX_POOL_2D", "CONV_2D"]


def test_two_of_one_tensor_pick_once() -> None:
    nodes = [helper.make_node("Conv", ["x", w], [y], strides=[2, 2]) for w, y in ("vy", "wz")]
    model = graph_model(nodes, {"x": (1, 2, 8, 8), "v": POINT, "w": POINT * 2}, ("y", "z"))
    assert check(model) == ["MAX_POOL_2D", "CONV_2D", "CONV_2D"]


def test_a_border_of_its_own_keeps_the_stride() -> None:
    model = node_model("Conv", {"x": (1, 2, 8, 8), "w": POINT}, strides=(2, 2), pads=(1, 1, 1, 1))
    assert check(model) == ["PAD", "CONV_2D"]


def test_larger_windows_and_depthwise_convolutions_are_left_alone() -> None:
    wide = node_model("Conv", {"x": (1, 2, 8, 8), "w": rand(3, 2, 2, 2)}, strides=(2, 2))
    assert check(wide) == ["CONV_2D"]
    each = node_model("Conv", {"x": (1, 2, 8, 8), "w": rand(2, 1, 1, 1)}, strides=(2, 2), group=2)
    assert check(each) == ["DEPTHWISE_CONV_2D"]
