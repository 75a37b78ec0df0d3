"""Profiles beside the layers of the files that they were taken of."""

from __future__ import annotations

import numpy as np

from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.device_bench.studies.layer_times import combine, same_layers
from tests.export.advice.graphs import Nodes
from tests.export.tflite.small_graphs import Small, add


def _file() -> bytes:
    small = Small(x=(1, 4, 4, 2))
    small.constant("w", np.ones((3, 1, 1, 2), np.float32))
    small.constant("d", np.ones((1, 3, 3, 3), np.float32))
    small.constant("axes", np.array([1, 2], np.int32))
    small.constant("m", np.ones((5, 3), np.float32))
    small.op("CONV_2D", "x w", "a", (1, 4, 4, 3), opts=add("Conv2D", strideH=1, strideW=1))
    small.op("LOGISTIC", "a", "b", (1, 4, 4, 3))
    opts = add("DepthwiseConv2D", strideH=1, strideW=1, depthMultiplier=1)
    small.op("DEPTHWISE_CONV_2D", "b d", "c", (1, 4, 4, 3), opts=opts)
    small.op("MEAN", "c axes", "e", (1, 3), opts=add("Reducer", keepDims=False))
    small.op("FULLY_CONNECTED", "e m", "y", (1, 5), opts=add("FullyConnected"))
    return small.out("y").data()


def _profile(*ops: tuple[str, int]) -> Profile:
    made = [Op(index=i, name=name, delegated=True, time=time) for i, (name, time) in enumerate(ops)]
    return Profile(ops=tuple(made), total=sum(time for _, time in ops) + 5)


def test_times_go_to_the_layers_in_order() -> None:
    profile = _profile(
        ("Convolution (NHWC, F32) IGEMM", 100),
        ("Sigmoid (NC, F32)", 7),
        ("Convolution (NHWC, F32) DWConv", 40),
        ("Mean (ND) F32", 3),
        ("Fully Connected (NC, F32) GEMM", 20),
    )
    measured = combine(_file(), "small", profile, "virtual", "instructions")
    assert (measured.layers, measured.others, measured.total) == ((100, 40, 20), 10, 175)
    layers = [step.op for step in measured.network.steps if step.kind == "layer"]
    assert layers == ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]


def test_the_names_of_tflites_own_kernels_are_known() -> None:
    profile = _profile(
        ("CONV_2D", 1), ("LOGISTIC", 2), ("DEPTHWISE_CONV_2D", 3), ("FULLY_CONNECTED", 4)
    )
    assert combine(_file(), "small", profile, "local", "ns").layers == (1, 3, 4)


def test_a_profile_of_other_layers_gives_none() -> None:
    measured = combine(_file(), "small", _profile(("Convolution (NHWC, F32)", 9)), "local", "ns")
    assert (measured.layers, measured.others) == ((), 9)


def test_same_layers_compares_mult_adds_in_order() -> None:
    one = Nodes(1, 2, 4, 4).conv("x", "a", 2, 3).conv("a", "y", 3, 4).network("y")
    with_more_around = Nodes(1, 2, 4, 4).conv("x", "a", 2, 3).node("Relu", "a", "r")
    assert same_layers(one, with_more_around.conv("r", "y", 3, 4).network("y"))
    assert not same_layers(one, Nodes(1, 2, 4, 4).conv("x", "y", 2, 3).network("y"))
