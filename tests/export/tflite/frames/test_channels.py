"""Joining, cutting, bordering and shuffling clips."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from tests.export.tflite.frames.clips import behind_a_window, check_clips, node

SHAPE = (1, 4, 6, 5, 7)
TWO_CLIPS = (2, 4, 6, 5, 7)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize("shape", [SHAPE, TWO_CLIPS], ids=str)
@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concat(axis, shape):
    nodes = [node("Relu", "x", output="r"), node("Concat", "x", "r", axis=axis)]
    kinds = check_clips(behind_a_window(nodes, shape))
    assert kinds["CONCATENATION"] == 1


@pytest.mark.parametrize("shape", [SHAPE, TWO_CLIPS], ids=str)
@pytest.mark.parametrize("axis", [1, 2, -2])
def test_split(axis, shape):
    sizes = {1: (1, 3), 2: (4, 2), -2: (2, 3)}[axis]
    split = helper.make_node("Split", ["x", "sizes"], ["a", "b"], axis=axis)
    nodes = [split, node("Relu", "a", output="y"), node("Relu", "b", output="z")]
    check_clips(behind_a_window(nodes, shape, outputs=("y", "z"), sizes=ints(*sizes)))


CUTS = [
    # axes, starts, ends, steps
    ((1,), (1,), (3,), (1,)),
    ((2,), (1,), (5,), (1,)),
    ((2,), (0,), (2**62,), (2,)),
    ((2,), (-5,), (-1,), (3,)),
    ((-1, 2, 1), (2, 3, 0), (6, 100, 2), (1, 1, 1)),
]


@pytest.mark.parametrize("shape", [SHAPE, TWO_CLIPS], ids=str)
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_slice(cut, shape):
    names = ("axes", "starts", "ends", "steps")
    constants = {name: ints(*values) for name, values in zip(names, cut, strict=True)}
    nodes = [node("Slice", "x", "starts", "ends", "axes", "steps")]
    kinds = check_clips(behind_a_window(nodes, shape, **constants))
    assert "STRIDED_SLICE" not in kinds


def test_slice_of_opset_9():
    cut = node("Slice", "x", axes=[1, 2], starts=[1, 1], ends=[3, 4], output="cut")
    check_clips(behind_a_window([cut, node("Relu", "cut")], opset=9))


@pytest.mark.parametrize("shape", [SHAPE, TWO_CLIPS], ids=str)
def test_evenly_spaced_frames_need_no_gather(shape):
    nodes = [node("Gather", "x", "which", axis=2)]
    kinds = check_clips(behind_a_window(nodes, shape, which=ints(1, 3, 5)))
    assert not {"GATHER", "STRIDED_SLICE"} & set(kinds)
    nodes = [node("Gather", "x", "which", axis=1)]
    check_clips(behind_a_window(nodes, shape, which=ints(3, 0, 0)))


@pytest.mark.parametrize("shape", [SHAPE, TWO_CLIPS], ids=str)
@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_pad(mode, shape):
    pads = ints(0, 0, 2, 1, 0, 0, 0, 1, 1, 2)
    constants = {"pads": pads, "fill": np.array(1.5, np.float32)}
    nodes = [node("Pad", "x", "pads", "fill", mode=mode)]
    check_clips(behind_a_window(nodes, shape, **constants))


def test_pad_of_an_older_opset_and_of_some_axes():
    pads = [0, 1, 1, 0, 2, 0, 0, 0, 1, 1]
    check_clips(behind_a_window([node("Pad", "x", pads=pads, value=2.0)], opset=9))
    constants = {"pads": ints(1, 0, 2, 1), "none": np.array(0, np.float32), "axes": ints(2, -1)}
    check_clips(behind_a_window([node("Pad", "x", "pads", "none", "axes")], **constants))


def shuffle_nodes(
    count: int, groups: int, size: tuple[int, ...] = SHAPE[2:]
) -> tuple[list, dict[str, np.ndarray]]:
    nodes = [
        node("Reshape", "x", "apart", output="a"),
        node("Transpose", "a", perm=[0, 2, 1, 3, 4, 5], output="t"),
        node("Reshape", "t", "together"),
    ]
    shapes = {
        "apart": ints(count, groups, 4 // groups, *size),
        "together": ints(count, 4, *size),
    }
    return nodes, shapes


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("size", "transposes"),
    [(SHAPE[2:], 2), ((2, 3, 2), 1)],
    ids=["many places are one matrix, turned twice", "few places are matrices of their own"],
)
def test_a_shuffle_is_transposes_of_rank_3(count, size, transposes):
    nodes, shapes = shuffle_nodes(count, 2, size)
    kinds = check_clips(behind_a_window(nodes, (count, 4, *size), **shapes))
    assert kinds["TRANSPOSE"] == transposes
    assert "GATHER" not in kinds


def test_another_permutation_is_cut_and_joined():
    nodes = [
        node("Reshape", "x", "apart", output="a"),
        node("Transpose", "a", perm=[0, 2, 1, 3, 4, 5], output="t"),
        node("Reshape", "t", "together", output="s"),
        node("Gather", "s", "back", axis=1),
    ]
    _, shapes = shuffle_nodes(1, 2)
    kinds = check_clips(behind_a_window(nodes, SHAPE, **shapes, back=ints(1, 0, 3, 2)))
    assert kinds["GATHER"] == 0
    assert kinds["CONCATENATION"] > 0
