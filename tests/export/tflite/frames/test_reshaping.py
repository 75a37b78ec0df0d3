"""Means over clips, and the way to the classifier."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.tflite.frames.clips import behind_a_window, check_clips, node
from tests.export.tflite.ops.harness import rand


@pytest.mark.parametrize("shape", [(1, 4, 5, 6, 7), (2, 4, 3, 2, 2)], ids=str)
@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools_are_one_reduction(kind, shape):
    kinds = check_clips(behind_a_window([node(kind, "x")], shape))
    assert set(kinds) == {"CONV_2D", "RESHAPE", "MEAN" if "Average" in kind else "REDUCE_MAX"}


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("axes", [[2, 3, 4], [-1, -2], [2], [4], [3], [2, 3]], ids=str)
def test_reductions(axes, count, keep):
    for kind in ("ReduceMean", "ReduceMax"):
        nodes = [node(kind, "x", "axes", keepdims=keep)]
        model = behind_a_window(nodes, (count, 4, 3, 5, 2), axes=np.array(axes, np.int64))
        check_clips(model)


def test_reductions_of_an_older_opset():
    check_clips(behind_a_window([node("ReduceMean", "x", axes=[2, 3, 4])], opset=13))


@pytest.mark.parametrize("spelling", ["Flatten", "Reshape", "Squeeze"])
def test_a_classifier_behind_a_mean_costs_no_transpose(spelling):
    extra = {"Reshape": np.array([-1, 4]), "Squeeze": np.array([2, 3, 4])}
    inputs = ["mean", "how"] if spelling in extra else ["mean"]
    constants = {"how": extra[spelling]} if spelling in extra else {}
    nodes = [
        node("GlobalAveragePool", "x", output="mean"),
        node(spelling, *inputs, output="flat"),
        node("Gemm", "flat", "w", "b", transB=1),
    ]
    constants |= {"w": rand(10, 4), "b": rand(10)}
    kinds = check_clips(behind_a_window(nodes, **constants))
    assert set(kinds) == {"CONV_2D", "FULLY_CONNECTED", "MEAN", "RESHAPE"}


@pytest.mark.parametrize("count", [1, 2])
def test_all_frames_may_go_into_a_classifier(count):
    nodes = [node("Flatten", "x", output="flat"), node("Gemm", "flat", "w", transB=1)]
    model = behind_a_window(nodes, (count, 4, 3, 2, 2), w=rand(10, 48))
    kinds = check_clips(model)
    assert "TRANSPOSE" not in kinds


@pytest.mark.parametrize("count", [1, 2])
def test_a_gate_from_a_vector_broadcasts_over_all_frames(count):
    nodes = [
        node("ReduceMean", "x", "axes", keepdims=0, output="mean"),
        node("Gemm", "mean", "w", output="scores"),
        node("Sigmoid", "scores", output="gate"),
        node("Unsqueeze", "gate", "axes", output="wide"),
        node("Mul", "x", "wide"),
    ]
    shape = (count, 4, 3, 5, 5)
    axes = np.array([2, 3, 4], np.int64)
    model = behind_a_window(nodes, shape, axes=axes, w=rand(4, 4))
    # Two gates for six frames: this product is left at rank 5.
    assert check_clips(model, five_axes=count > 1)["MUL"] == 1
