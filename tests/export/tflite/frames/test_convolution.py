"""3-D convolutions as 2-D ones, over a table of windows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.tflite.frames.clips import check_clips, conv_model

ARITHMETIC = {"ADD", "CONV_2D", "DEPTHWISE_CONV_2D"}
MOVES = {"CONCATENATION", "PAD", "RESHAPE", "SLICE"}

KERNELS = [(1, 1, 1), (3, 3, 3), (1, 3, 3), (3, 1, 1)]
STRIDES = [(1, 1, 1), (2, 2, 2), (1, 2, 2), (2, 1, 1)]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("strides", STRIDES, ids=str)
def test_the_windows_of_the_field(kernel, strides):
    pads = [k // 2 for k in kernel] * 2
    for groups in (1, 2, 4):  # dense, in groups, depthwise with two filters for each channel
        weight = (8, 4 // groups, *kernel)
        kinds = check_clips(
            conv_model((1, 4, 5, 6, 7), weight, pads=pads, strides=strides, group=groups)
        )
        picks = {"MAX_POOL_2D"} if kernel == (1, 1, 1) else set()
        assert set(kinds) <= ARITHMETIC | MOVES | picks
        assert kinds["CONV_2D"] == (groups < 4)


@pytest.mark.parametrize("seed", range(60))
def test_random_windows(seed):
    rng = np.random.default_rng(seed)
    kernel, strides = rng.integers(1, 4, 3), rng.integers(1, 4, 3)
    dilations = rng.integers(1, 3, 3) if seed % 3 == 0 else np.ones(3, int)
    pads = rng.integers(0, 3, 6)
    reach = (kernel - 1) * dilations + 1
    extents = np.maximum(rng.integers(1, 8, 3), reach - pads[:3] - pads[3:])
    groups = int(rng.choice([1, 2, 4]))
    model = conv_model(
        (int(rng.integers(1, 3)), 4, *map(int, extents)),
        (4 * int(rng.integers(1, 3)), 4 // groups, *map(int, kernel)),
        bias=bool(rng.integers(2)),
        strides=strides,
        dilations=dilations,
        pads=pads,
        group=groups,
    )
    check_clips(model)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_clips_of_few_frames(stride, depth):
    for groups in (1, 4):
        weight = (4, 4 // groups, 3, 3, 3)
        strides, pads = [stride] * 3, [1] * 6
        model = conv_model((1, 4, depth, 6, 6), weight, pads=pads, strides=strides, group=groups)
        assert set(check_clips(model)) <= ARITHMETIC | MOVES


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_automatic_pads(auto):
    for strides in ((1, 1, 1), (2, 2, 2)):
        check_clips(conv_model((1, 2, 6, 7, 8), (4, 2, 3, 4, 3), auto_pad=auto, strides=strides))


@pytest.mark.parametrize("pads", [[3, 0, 0, 0, 0, 0], [0, 0, 0, 4, 0, 0], [3, 1, 1, 5, 1, 1]])
def test_pads_in_time_wider_than_the_kernel_reaches(pads):
    for stride in (1, 2, 4):
        check_clips(conv_model((1, 2, 3, 5, 5), (3, 2, 3, 3, 3), pads=pads, strides=(stride, 1, 1)))


def test_a_pointwise_convolution_moves_nothing():
    kinds = check_clips(conv_model((1, 4, 6, 5, 5), (8, 4, 1, 1, 1)))
    assert set(kinds) == {"CONV_2D", "RESHAPE"}
    assert kinds["CONV_2D"] == 1


def test_a_convolution_in_space_alone_or_time_alone_moves_nothing():
    space = check_clips(conv_model((1, 4, 6, 5, 5), (8, 4, 1, 3, 3), pads=[0, 1, 1, 0, 1, 1]))
    time = check_clips(
        conv_model((1, 4, 8, 5, 5), (8, 4, 3, 1, 1), pads=[1, 0, 0, 1, 0, 0], strides=(1, 1, 1))
    )
    for kinds in (space, time):
        assert set(kinds) == {"CONV_2D", "RESHAPE"}


def test_taps_that_meet_the_border_alone_are_left_out():
    shape, weight = (1, 8, 1, 6, 6), (8, 1, 3, 3, 3)
    kinds = check_clips(conv_model(shape, weight, pads=[1] * 6, group=8))
    assert set(kinds) == {"DEPTHWISE_CONV_2D", "RESHAPE"}
    assert kinds["DEPTHWISE_CONV_2D"] == 1


def test_a_depthwise_convolution_is_a_sum_of_kernels_of_25_taps_or_fewer():
    pads = [1] * 6
    kinds = check_clips(conv_model((1, 8, 4, 6, 6), (8, 1, 3, 3, 3), pads=pads, group=8))
    assert (kinds["DEPTHWISE_CONV_2D"], kinds["ADD"]) == (2, 1)
    kinds = check_clips(conv_model((1, 8, 4, 6, 6), (8, 1, 2, 3, 3), pads=pads, group=8))
    assert (kinds["DEPTHWISE_CONV_2D"], kinds["ADD"]) == (1, 0)
    kinds = check_clips(conv_model((1, 8, 4, 6, 6), (8, 1, 3, 7, 7), pads=[1, 3, 3] * 2, group=8))
    assert (kinds["DEPTHWISE_CONV_2D"], kinds["ADD"]) == (3, 2)


def test_at_most_four_tensors_are_joined_at_once():
    kinds = check_clips(conv_model((1, 2, 9, 5, 5), (3, 2, 7, 3, 3), pads=[3, 1, 1] * 2))
    assert kinds["CONCATENATION"] == 3
    assert kinds["CONV_2D"] == 1
