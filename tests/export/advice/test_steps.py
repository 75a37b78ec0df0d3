"""Steps and counts of a graph against counts made in other ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from torch import nn

from _edgeship.errors import InputError
from _edgeship.export.advice.from_onnx import read_onnx_steps
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.advice.steps import Convolution
from _edgeship.export.graph import cost as graph_cost
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.models.complexity import per_layer
from tests.export.advice.graphs import Nodes, names
from tests.export.command_line import write_network
from tests.export.tflite.small_graphs import Small, add


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "groups", "stride"),
    [(24, 144, 1, 1, 1), (24, 48, 1, 4, 1), (16, 16, 3, 16, 2), (8, 12, 3, 1, 1), (8, 8, 1, 1, 2)],
)
def test_a_convolution_is_counted_as_models_complexity_counts_the_module(
    inputs: int, outputs: int, kernel: int, groups: int, stride: int
) -> None:
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
    [row] = per_layer(layer, (2, inputs, 14, 14))
    nodes = Nodes(2, inputs, 14, 14)
    nodes.conv("x", "y", inputs, outputs, kernel, groups, strides=[stride, stride])
    [step] = nodes.network("y").steps
    assert step.mult_adds == row.mult_adds
    assert step.memory_access == row.memory_access
    assert step.convolution is not None
    assert step.convolution.memory_access == row.memory_access
    # Depthwise 1x1 does not occur here, the one kind that only `models.complexity` gives a bound.
    assert step.convolution.pointwise == (row.bound is not None)
    assert step.convolution.depthwise == (groups == inputs)


def test_a_transposed_convolution_and_a_product_are_counted_as_the_modules() -> None:
    transposed = nn.ConvTranspose2d(6, 4, 2, 2)
    linear = nn.Linear(5, 7)
    rows = [*per_layer(transposed, (1, 6, 9, 9)), *per_layer(linear, (3, 5))]
    nodes = Nodes(1, 6, 9, 9).constant("w.weight", np.ones((6, 4, 2, 2)))
    [spread] = nodes.node("ConvTranspose", "x w.weight", "y", strides=[2, 2]).network("y").steps
    product = Nodes(3, 5).constant("fc.weight", np.ones((7, 5)))
    [gemm] = product.node("Gemm", "x fc.weight", "y", transB=1).network("y").steps
    for step, row in zip((spread, gemm), rows, strict=True):
        assert (step.mult_adds, step.memory_access) == (row.mult_adds, row.memory_access)
    assert gemm.name == "fc"


def test_a_product_of_two_activations_has_no_weights() -> None:
    nodes = Nodes(1, 4, 6).node("Transpose", "x", "t", perm=[0, 2, 1])
    move, product = nodes.node("MatMul", "x t", "y").network("y").steps
    assert (product.mult_adds, product.memory_access) == (4 * 6 * 4, 24 + 24 + 16)
    assert (move.kind, move.mult_adds, move.memory_access) == ("movement", 0, 48)


def test_clamps_behind_layers_cost_nothing_and_others_do() -> None:
    nodes = Nodes(1, 4, 8, 8).constant("zero", 0.0).constant("six", 6.0).constant("one", 1.0)
    nodes.conv("x", "a", 4, 4).node("Relu", "a", "b")  # fused
    nodes.conv("b", "c", 4, 4).node("Clip", "c zero six", "d")  # fused
    nodes.conv("d", "e", 4, 4).node("Clip", "e zero one", "f")  # no runtime's activation
    nodes.conv("f", "g", 4, 4).node("Sigmoid", "g", "h").node("Mul", "g h", "i")
    nodes.conv("i", "j", 4, 4).node("Relu", "j", "k").node("Add", "j k", "l")  # read twice
    steps = {step.outputs[0]: step for step in nodes.network("l").steps}
    assert [name for name, step in steps.items() if step.fused] == ["b", "d"]
    moved = {name: step.memory_access for name, step in steps.items() if step.kind != "layer"}
    assert moved == {"b": 0, "d": 0, "f": 512, "h": 512, "i": 768, "k": 512, "l": 768}


def test_batch_norms_fold_and_layers_keep_the_names_of_their_modules() -> None:
    nodes = Nodes(1, 4, 8, 8).conv("x", "body.0", 4, 4)
    for name in ("gamma", "beta", "mean", "variance"):
        nodes.constant(name, np.ones(4))
    nodes.node("BatchNormalization", "body.0 gamma beta mean variance", "y")
    [step] = nodes.network("y").steps
    assert step.name == "body.0"
    # Behind an addition it cannot be folded, and is element-wise.
    nodes = Nodes(1, 4, 8, 8).node("Add", "x x", "a")
    for name in ("gamma", "beta", "mean", "variance"):
        nodes.constant(name, np.ones(4))
    steps = nodes.node("BatchNormalization", "a gamma beta mean variance", "y").network("y").steps
    assert [step.kind for step in steps] == ["element-wise", "element-wise"]


def test_what_only_shapes_decide_is_no_step() -> None:
    nodes = Nodes(1, 4, 8, 8).node("Shape", "x", "s").constant("three", [3], np.int64)
    nodes.constant("two", [2], np.int64).node("Slice", "s two three", "height")
    steps = nodes.conv("x", "y", 4, 4).network("y height").steps
    assert names(steps) == ["y"]


def test_a_shape_that_stays_open_is_named() -> None:
    nodes = Nodes(1, 4, 8, 8).node("NonZero", "x", "n").node("Cast", "n", "f", to=1)
    with pytest.raises(InputError, match="The shape of a value is not known") as caught:
        nodes.network("f")
    assert "n_n" in caught.value.where


def test_the_network_of_the_command_lines_tests_agrees_with_the_manifests_count(
    tmp_path: Path,
) -> None:
    model = infer_shapes(ir.from_proto(onnx.load(write_network(tmp_path / "small.onnx"))))
    expected = graph_cost.mult_adds(model)
    network = read_onnx_steps(model, "small")
    assert network.mult_adds == expected == 16 * 16 * 8 * 27 + 80
    assert [step.kind for step in network.steps] == [
        "layer", "element-wise", "pooling", "view", "layer",
    ]  # fmt: skip


def test_a_written_file_has_the_steps_of_its_graph() -> None:
    """The .tflite reader against the ONNX reader, through the compiler's lowering.

    At stride 1: a PAD of its own in front of a strided convolution adds values to what that reads.
    """
    nodes = Nodes(1, 4, 8, 8).conv("x", "a", 4, 12).node("Relu", "a", "b")
    nodes.conv("b", "c", 12, 12, 3, 12).conv("c", "d", 12, 8, 1, 2)
    nodes.conv("b", "e", 12, 8, 3).node("Add", "d e", "f")
    nodes.node("GlobalAveragePool", "f", "g").node("Flatten", "g", "h")
    nodes.constant("fc.weight", np.ones((8, 5))).node("Gemm", "h fc.weight", "y")
    model = nodes.model("y")
    lowered = lower(model)
    written = read_tflite_steps(to_bytes(to_model(lowered.graph, lowered.io, "graph")), "graph")
    network = read_onnx_steps(model, "graph")
    layers = [step for step in network.steps if step.kind == "layer"]
    found = [step for step in written.steps if step.kind == "layer"]
    assert [step.mult_adds for step in found] == [step.mult_adds for step in layers]
    assert [step.memory_access for step in found] == [step.memory_access for step in layers]
    assert [step.convolution.groups for step in found if step.convolution] == [1, 12, 2, 1]
    [addition] = [step for step in written.steps if step.op == "ADD"]
    assert addition.memory_access == 3 * 8 * 64


def test_weights_that_a_file_stores_smaller_are_no_steps() -> None:
    small = Small(x=(1, 2)).constant("w", np.ones((3, 2), np.int32))
    small.op("DEQUANTIZE", "w", "v", (3, 2))
    small.op("FULLY_CONNECTED", "x v", "y", (1, 3), opts=add("FullyConnected"))
    [step] = read_tflite_steps(small.out("y").data(), "small").steps
    assert (step.mult_adds, step.memory_access) == (6, 2 + 3 + 6)


def test_a_damaged_file_is_refused() -> None:
    small = Small(x=(1, 4, 4, 2)).constant("w", np.ones((3, 1, 1, 5), np.float32))
    small.op("CONV_2D", "x w", "y", (1, 4, 4, 3), opts=add("Conv2D", strideH=1, strideW=1))
    with pytest.raises(InputError, match="damaged") as caught:
        read_tflite_steps(small.out("y").data(), "small")
    assert caught.value.where == "CONV_2D 0"
    with pytest.raises(InputError, match="not a TFLite file"):
        read_tflite_steps(b"nothing", "small")


def test_pointwise_is_what_mixes_channels_in_place() -> None:
    def make(kernel: tuple[int, ...], groups: int, places_out: int) -> Convolution:
        ones = (1,) * len(kernel)
        return Convolution(8, 8, groups, kernel, ones, ones, 49, places_out)

    assert make((1, 1), 1, 49).pointwise
    assert make((1, 1, 1), 2, 49).pointwise
    assert not make((1, 1), 8, 49).pointwise  # depthwise
    assert not make((3, 3), 1, 49).pointwise
    assert not make((1, 1), 1, 16).pointwise  # stride 2
