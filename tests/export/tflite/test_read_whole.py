"""Convolutions that read tensors whole: the same numbers, in integers to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.integer_layout import integer_layout
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.movement_costs import INT8, Kernels
from _edgeship.export.tflite.nested_joints import nest_joints
from _edgeship.export.tflite.open_batch import open_batch
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.read_whole import read_whole
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import run_lowered
from tests.export.tflite.small_graphs import Small, kinds
from tests.export.tflite.test_split_filters import conv_options, cut_graph

#: Kernels whose convolutions cost nothing, so that whatever can be read whole, is.
FREE = Kernels(1, 1000, 0.0, 0.0)

SIZE = 9
Span = tuple[int, int]


class Cut(Small):
    """Inputs x of 12 channels and r of 4, both halved: y and s; slices of y are joined with s."""

    def __init__(self) -> None:
        super().__init__(x=(1, SIZE, SIZE, 12), r=(1, SIZE, SIZE, 4))
        self.constant("half", np.float32(0.5))
        for given, name, channels in (("x", "y", 12), ("r", "s", 4)):
            shape = (1, SIZE, SIZE, channels)
            self.op("MUL", f"{given} half", name, shape, opts=options("MulOptions"))

    def slice(self, name: str, span: Span, axis: int = 3) -> Cut:
        begin, size = [0] * 4, [1, SIZE, SIZE, 12]
        begin[axis], size[axis] = span[0], span[1] - span[0]
        self.constant(f"{name}_begin", np.array(begin, np.int32))
        self.constant(f"{name}_size", np.array(size, np.int32))
        inputs = f"y {name}_begin {name}_size"
        self.op("SLICE", inputs, name, tuple(size), opts=options("SliceOptions"))
        return self

    def join(self, inputs: str, output: str, channels: int) -> Cut:
        opts = options("ConcatenationOptions", axis=-1)
        self.op("CONCATENATION", inputs, output, (1, SIZE, SIZE, channels), opts=opts)
        return self

    def conv(self, source: str, output: str, channels: int, outputs: int = 5, taps: int = 1) -> Cut:
        rng = np.random.default_rng(channels)
        weights = rng.normal(size=(outputs, taps, taps, channels)).astype(np.float32)
        self.constant(f"{output}_w", weights)
        self.constant(f"{output}_b", rng.normal(size=outputs).astype(np.float32))
        inputs, shape = f"{source} {output}_w {output}_b", (1, SIZE, SIZE, outputs)
        self.op("CONV_2D", inputs, output, shape, opts=conv_options())
        return self

    def whole(self, kernels: Kernels = INT8) -> list[str]:
        """Read whole, demand the same outputs, and return the kinds of the operators."""
        [sample] = self.samples(1)
        expected = self.run(self.data(), sample)
        read_whole(self.graph, kernels)
        for found, wanted in zip(self.run(self.data(), sample), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
        return [op.kind for op in self.graph.ops if op.kind != "MUL"]


def test_a_convolution_reads_what_its_slice_was_cut_from() -> None:
    assert Cut().slice("a", (3, 9)).conv("a", "z", 6).out("z").whole() == ["CONV_2D"]


@pytest.mark.parametrize("taps", [1, 3])
@pytest.mark.parametrize("order", ["a s b", "s b a"])
def test_through_a_concatenation(order: str, taps: int) -> None:
    cut = Cut().slice("a", (0, 3)).slice("b", (6, 12))
    cut.join(order, "j", 13).conv("j", "z", 13, taps=taps).out("z")
    assert cut.whole(FREE) == ["CONCATENATION", "CONV_2D"]
    assert cut.graph.tensors[cut.graph.ops[-2].outputs[0]].shape[3] == 12 + 4 + 12


def test_through_two_concatenations_to_two_convolutions() -> None:
    cut = Cut().slice("a", (2, 8)).join("s a", "i", 10).join("r i s", "j", 18)
    cut.conv("i", "u", 10).conv("j", "v", 18).out("u v")
    assert cut.whole().count("SLICE") == 0


def test_in_integers_to_the_bit() -> None:
    cut = Cut().slice("a", (3, 9)).slice("b", (9, 12))
    cut.join("a s b", "j", 13).conv("j", "z", 13).out("z")
    ranges = activation_ranges(cut.data(), cut.samples(), cut.io())
    layout = integer_layout(cut.graph, cut.io(), "whole")
    assert "SLICE" not in kinds(layout.data)
    assert set(layout.names.values()) == {"j"}
    expected, found = (
        cut.run(quantize(data, "int8", own), cut.samples(1)[0])
        for data, own in ((cut.data(), ranges), (layout.data, layout.ranges(ranges)))
    )
    assert len(np.unique(expected[0])) > 20
    np.testing.assert_array_equal(found[0], expected[0])


def test_what_costs_more_stays() -> None:
    """Six further inputs of 200 outputs take 95 instructions at each place, the slice 36."""
    cut = Cut().slice("a", (3, 9)).conv("a", "z", 6, outputs=200).out("z")
    assert cut.whole() == ["SLICE", "CONV_2D"]


@pytest.mark.parametrize("why", ["output", "reader", "depthwise", "axis", "twice", "meets"])
def test_what_is_left_alone(why: str) -> None:
    cut = Cut()
    if why == "axis":
        cut.slice("b", (1, SIZE), axis=2)
        cut.constant("w", np.ones((5, 1, 1, 12), np.float32))
        cut.constant("c", np.zeros(5, np.float32))
        cut.op("CONV_2D", "b w c", "z", (1, SIZE, SIZE - 1, 5), opts=conv_options()).out("z")
    else:
        cut.slice("a", (3, 9))
    if why == "twice":
        cut.join("a s a", "j", 16).conv("j", "z", 16).out("z")
    elif why == "meets":
        cut.join("a s", "i", 10).join("i a", "j", 16).conv("j", "z", 16).out("z")
    elif why == "depthwise":
        weights = np.ones((1, 3, 3, 6), np.float32)
        cut.constant("w", weights).constant("b", np.zeros(6, np.float32))
        opts = options(
            "DepthwiseConv2DOptions",
            **dict.fromkeys(("strideH", "strideW", "depthMultiplier"), 1),
            **dict.fromkeys(("dilationHFactor", "dilationWFactor"), 1),
        )
        cut.op("DEPTHWISE_CONV_2D", "a w b", "z", (1, SIZE, SIZE, 6), opts=opts).out("z")
    elif why in ("output", "reader"):
        cut.conv("a", "z", 6)
        cut.op("RELU", "a", "q", (1, SIZE, SIZE, 6)).out("z a" if why == "output" else "z q")
    assert cut.whole(FREE).count("SLICE") == 1


def test_an_open_batch_stays_open() -> None:
    cut = Cut().slice("a", (3, 9)).join("s a", "j", 10).conv("j", "z", 10).out("z")
    open_batch(cut.graph, cut.graph.inputs)
    read_whole(cut.graph, INT8)
    joined = cut.graph.tensors[cut.graph.ops[-2].outputs[0]]
    assert joined.signature == (-1, SIZE, SIZE, 16)


@pytest.mark.parametrize("seed", range(8))
def test_random_graphs_compute_the_same(seed: int) -> None:
    net, model = cut_graph(seed)
    lowered = lower(rewrite(model)[0])
    nest_joints(lowered.graph)
    before = sum(op.kind == "SLICE" for op in lowered.graph.ops)
    read_whole(lowered.graph, FREE)
    assert sum(op.kind == "SLICE" for op in lowered.graph.ops) < before
    sample = {"x": net.rng.normal(size=(1, net.input, *net.space)).astype(np.float32)}
    expected = run_onnx(serialize(model), [sample])
    assert compare(expected, [run_lowered(lowered, sample)]).max_rel < 5e-5
