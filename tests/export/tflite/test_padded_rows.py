from __future__ import annotations

import copy

import numpy as np
import pytest
from onnx import helper

from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.lowering import Lowered
from _edgeship.export.tflite.open_batch import open_batch
from _edgeship.export.tflite.padded_rows import by_rows, pad_rows
from tests.export.tflite.ops.harness import (
    graph_model,
    inputs_of,
    kinds,
    lower_model,
    node_model,
    rand,
    run_lowered,
)
from tests.export.tflite.small_graphs import Small

ROWS = ["RESHAPE", "PAD", "RESHAPE"]
STRIDED = {"strides": [2, 2], "pads": [1, 1, 1, 1]}


def rewritten(lowered: Lowered, *, convolutions: bool = False) -> list[str]:
    pad_rows(lowered.graph, convolutions=convolutions)
    return kinds(lowered)


@pytest.mark.parametrize("seed", range(12))
def test_a_border_at_the_sides_is_written_by_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    border = rng.integers(0, 3, (2, 4)) * np.array([0, 0, 1, 1])
    border[0, 3] += 1
    shape = tuple(int(extent) for extent in rng.integers(1, 6, 4))
    fill = np.float32(rng.choice([0.0, -2.5]))
    model = node_model("Pad", {"x": shape, "pads": border.reshape(-1), "fill": np.array(fill)})
    lowered = lower_model(model)
    assert rewritten(lowered) == ["RESHAPE", "PADV2" if fill else "PAD", "RESHAPE"]
    feeds = inputs_of(model)
    [expected] = run_onnx(model.SerializeToString(), [feeds])
    np.testing.assert_array_equal(run_lowered(lowered, feeds)[0], expected[0])


@pytest.mark.parametrize("border", [[0, 0, 1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0, 0, 0]])
def test_other_borders_are_left_alone(border: list[int]) -> None:
    model = node_model("Pad", {"x": (1, 2, 4, 4), "pads": np.array(border)})
    assert rewritten(lower_model(model)) == ["PAD"]


def test_a_border_in_front_of_a_convolution_costs_nothing_but_in_half_precision() -> None:
    model = node_model("Conv", {"x": (1, 3, 8, 8), "w": rand(4, 3, 3, 3)}, **STRIDED)
    lowered = lower_model(model)
    assert rewritten(lowered) == ["PAD", "CONV_2D"]
    half = Lowered(by_rows(lowered.graph), lowered.io, lowered.trace)
    assert kinds(half) == [*ROWS, "CONV_2D"]
    assert kinds(lowered) == ["PAD", "CONV_2D"]
    feeds = inputs_of(model)
    [expected] = run_lowered(lowered, feeds)
    np.testing.assert_allclose(run_lowered(half, feeds)[0], expected, rtol=1e-6, atol=1e-6)


def test_a_border_that_two_read_is_none_of_a_convolution() -> None:
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["p"]),
        helper.make_node("Conv", ["p", "w"], ["y"]),
        helper.make_node("Relu", ["p"], ["z"]),
    ]
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    inputs = {"x": (1, 2, 4, 4), "pads": pads, "w": rand(2, 2, 3, 3)}
    lowered = lower_model(graph_model(nodes, inputs, ("y", "z")))
    assert rewritten(lowered)[:3] == ROWS


def test_an_open_batch_stays_open() -> None:
    """The same whether the batch is opened before borders are written by rows, or after."""
    model = node_model("Pad", {"x": (1, 2, 4, 4), "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])})
    before = lower_model(model).graph
    after = copy.deepcopy(before)
    open_batch(before, before.inputs)
    pad_rows(before, convolutions=False)
    pad_rows(after, convolutions=False)
    open_batch(after, after.inputs)
    for graph in (before, after):
        made = [graph.tensors[op.outputs[0]].signature for op in graph.ops]
        assert made == [(-1, 4, 1, 8), (-1, 6, 1, 12), (-1, 6, 6, 2)]
        shapes = [graph.tensors[op.inputs[1]].data for op in graph.ops if op.kind == "RESHAPE"]
        assert [shape.tolist() for shape in shapes if shape is not None] == [
            [-1, 4, 1, 8],
            [-1, 6, 6, 2],
        ]


def test_integers_get_the_same_border() -> None:
    small = Small(x=(1, 4, 5, 3))
    small.constant("p", np.array([[0, 0], [1, 0], [1, 2], [0, 0]], np.int32))
    small.op("PAD", "x p", "y", (1, 5, 8, 3)).out("y")
    [sample] = small.samples(1)
    expected = small.run(small.quantized("int8"), sample)
    pad_rows(small.graph, convolutions=False)
    [found] = small.run(small.quantized("int8"), sample)
    np.testing.assert_array_equal(found, expected[0])
