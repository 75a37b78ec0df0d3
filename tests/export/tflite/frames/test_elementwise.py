"""Element by element: activations, arithmetic with broadcasting, batch normalization."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.tflite.frames.clips import behind_a_window, check_clips, node
from tests.export.tflite.ops.harness import rand

SHAPE = (1, 4, 3, 5, 6)
TWO_CLIPS = (2, 4, 3, 5, 6)


@pytest.mark.parametrize("kind", ["Relu", "Sigmoid", "HardSwish", "Tanh", "LeakyRelu", "Identity"])
def test_activations(kind):
    for shape in (SHAPE, TWO_CLIPS):
        check_clips(behind_a_window([node(kind, "x")], shape))


def test_clip_to_numbers():
    constants = {"low": np.array(0, np.float32), "high": np.array(1, np.float32)}
    check_clips(behind_a_window([node("Clip", "x", "low", "high")], **constants))


def test_batch_normalization():
    names = ("scale", "shift", "mean", "variance")
    constants = {name: np.abs(rand(4, seed=i)) + 0.5 for i, name in enumerate(names)}
    kinds = check_clips(behind_a_window([node("BatchNormalization", "x", *names)], **constants))
    assert kinds["DEPTHWISE_CONV_2D"] == 1


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Max"])
def test_two_clips(kind):
    for shape in (SHAPE, TWO_CLIPS):
        check_clips(behind_a_window([node("Relu", "x", output="r"), node(kind, "x", "r")], shape))


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (4, 1, 1, 1), (1, 4, 1, 1, 1), (5, 6), (6,), (1, 1, 1, 5, 6), (3, 1, 1)],
    ids=str,
)
def test_constants_of_every_shape(shape):
    operand = rand(*shape) if shape else np.array(3, np.float32)
    check_clips(behind_a_window([node("Mul", "x", "c")], SHAPE, c=operand))
    if shape != (3, 1, 1):
        check_clips(behind_a_window([node("Mul", "x", "c")], TWO_CLIPS, c=operand))


def test_a_slope_for_each_channel():
    check_clips(behind_a_window([node("PRelu", "x", "c")], c=rand(4, 1, 1, 1)))
