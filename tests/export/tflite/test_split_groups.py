from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.split_groups import split_groups, wrong_on_gpu
from tests.export.tflite.small_graphs import Small


def convolution(inputs: int, outputs: int, groups: int, taps: int = 1) -> Small:
    rng = np.random.default_rng(0)
    small = Small(x=(1, 6, 5, inputs))
    weights = rng.standard_normal((outputs, taps, taps, inputs // groups)).astype(np.float32)
    small.constant("w", weights)
    small.constant("b", rng.standard_normal(outputs).astype(np.float32))
    opts = options(
        "Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1
    )  # SAME
    return small.op("CONV_2D", "x w b", "y", (1, 6, 5, outputs), opts=opts).out("y")


@pytest.mark.parametrize("taps", [1, 3])
@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(6, 9, 3), (8, 8, 2), (16, 8, 8)])
def test_a_convolution_for_each_group_computes_the_same(
    inputs: int, outputs: int, groups: int, taps: int
) -> None:
    plain = convolution(inputs, outputs, groups, taps)
    split = convolution(inputs, outputs, groups, taps)
    split_groups(split.graph, in_8_bits=True)
    kinds = [op.kind for op in split.graph.ops]
    if taps == 3 and (inputs // groups) % 4 == 0 == (outputs // groups) % 4:
        assert kinds == ["CONV_2D"]
        return
    assert kinds == [*("SLICE", "CONV_2D") * groups, "CONCATENATION"]
    [sample] = plain.samples(1)
    [expected] = plain.run(plain.data(), sample)
    [found] = split.run(split.data(), sample)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("case", "in_float", "in_8_bits"),
    [
        ((24, 48, 3), 0, 1),  # 8 -> 16 channels in each group
        ((24, 48, 3, 3), 0, 0),
        ((30, 48, 3), 1, 1),  # 10 inputs
        ((24, 54, 3, 3), 1, 1),  # 18 outputs
        ((24, 48, 1), 0, 0),
    ],
)
def test_which_are_wrong(case: tuple[int, ...], in_float: int, in_8_bits: int) -> None:
    graph = convolution(*case).graph
    assert len(wrong_on_gpu(graph, in_8_bits=False)) == in_float
    assert len(wrong_on_gpu(graph, in_8_bits=True)) == in_8_bits


def test_groups_that_are_joined_with_others_are_joined_once() -> None:
    small = convolution(6, 6, 2)
    joined = options("ConcatenationOptions", axis=3)
    small.op("CONCATENATION", "y x", "z", (1, 6, 5, 12), opts=joined).out("z")
    [sample] = small.samples(1)
    [expected] = small.run(small.data(), sample)
    split_groups(small.graph, in_8_bits=False)
    assert [op.kind for op in small.graph.ops].count("CONCATENATION") == 1
    assert len(small.graph.ops[-1].inputs) == 3
    np.testing.assert_allclose(small.run(small.data(), sample)[0], expected, atol=1e-5)


def test_groups_that_something_else_reads_too_are_joined_by_themselves() -> None:
    small = convolution(6, 6, 2)
    joined = options("ConcatenationOptions", axis=3)
    small.op("CONCATENATION", "y x", "z", (1, 6, 5, 12), opts=joined).out("z y")
    split_groups(small.graph, in_8_bits=False)
    assert [op.kind for op in small.graph.ops].count("CONCATENATION") == 2
