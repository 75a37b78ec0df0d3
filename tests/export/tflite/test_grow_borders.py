from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import NodeProto, helper

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite.borders import plan, ride
from _edgeship.export.tflite.borders.windows import Growth
from _edgeship.export.tflite.calibrate import activation_ranges, observe_activations
from _edgeship.export.tflite.divergence import first_divergence
from _edgeship.export.tflite.grow_borders import grow_borders
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.real_parts import real_parts
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.tflite.ops.harness import graph_model, inputs_of, kinds, rand, run_lowered

POOL = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
STEM = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
AROUND = {"pads": [1, 1, 1, 1]}


def pool(x: str, y: str) -> NodeProto:
    return helper.make_node("MaxPool", [x], [y], **POOL)


def conv(x: str, w: str, y: str, **attributes: object) -> NodeProto:
    return helper.make_node("Conv", [x, w], [y], **attributes)


def grown(model: onnx.ModelProto) -> tuple[ir.Model, Mapping[str, Growth]]:
    return grow_borders(infer_shapes(ir.from_proto(model)))


def check(model: onnx.ModelProto, tolerance: float = 1e-5) -> tuple[list[str], set[str]]:
    """Assert that growing changes no output, whatever the added elements hold.

    Returns:
        The kinds of the file's operators, and which values have grown.
    """
    feeds = inputs_of(model)
    expected = run_onnx(model.SerializeToString(), [feeds])[0]
    result, growths = grown(model)
    lowered = lower(result)
    outputs = [run_lowered(lowered, feeds)]
    if growths:
        outputs.append(run_onnx(serialize(_poisoned(result, growths)), [feeds])[0])
    for found in outputs:
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * float(np.abs(b).max()))
    return kinds(lowered), set(growths)


def _poisoned(model: ir.Model, growths: Mapping[str, Growth]) -> ir.Model:
    """The graph with numbers that are none in the place of all elements that were added."""
    model = ir.from_proto(ir.to_proto(model))
    new = NewValues(model.graph)
    for node in list(model.graph):
        for value in node.outputs:
            growth = growths.get(value.name or "")
            if growth is None:
                continue
            poison = np.full(shape_of(value), np.nan, np.float32)
            own = tuple(n - g for n, g in zip(poison.shape[2:], growth, strict=True))
            poison[(..., *(slice(extent) for extent in own))] = 0.0
            readers = list(value.uses())
            added = ir.node("Add", [value, new.constant("poison", poison)])
            (output,) = added.outputs
            output.name, output.type = new.name("poisoned"), value.type
            model.graph.insert_after(node, added)
            for reader, index in readers:
                reader.replace_input_with(index, output)
    return model


def test_a_pool_behind_a_convolution_needs_no_border() -> None:
    """As in ShuffleNet V2: what was added rides to the next windows with a stride."""
    nodes = [
        conv("x", "w", "c", **STEM),
        helper.make_node("Relu", ["c"], ["r"]),
        pool("r", "p"),
        conv("p", "d", "a", group=4, **STEM),
        conv("p", "s", "q"),
        helper.make_node("Relu", ["q"], ["q2"]),
        conv("q2", "d2", "b", group=4, **STEM),
        helper.make_node("Concat", ["a", "b"], ["y"], axis=1),
    ]
    weights = {"w": rand(4, 3, 3, 3), "d": rand(4, 1, 3, 3), "d2": rand(4, 1, 3, 3)}
    model = graph_model(nodes, {"x": (1, 3, 64, 48), **weights, "s": rand(4, 4, 1, 1)})
    found, names = check(model)
    assert names == {"c", "r", "p", "q", "q2"}
    assert found.count("MAX_POOL_2D") == 1
    assert found == ["PAD", "CONV_2D", "MAX_POOL_2D", "PAD", "DEPTHWISE_CONV_2D", "CONV_2D",
                     "PAD", "DEPTHWISE_CONV_2D", "CONCATENATION"]  # fmt: skip


def test_a_window_that_reaches_the_end_reads_a_cut() -> None:
    """As in a ResNet: the blocks' windows would read what was added in the place of zeros."""
    nodes = [
        conv("x", "w", "c", **STEM),
        helper.make_node("Relu", ["c"], ["r"]),
        pool("r", "p"),
        conv("p", "v", "v1", **AROUND),
        helper.make_node("Add", ["v1", "p"], ["y"]),
    ]
    weights = {"w": rand(4, 3, 3, 3), "v": rand(4, 4, 3, 3)}
    model = graph_model(nodes, {"x": (1, 3, 96, 96), **weights})
    found, names = check(model)
    assert names == {"c", "r", "p"}
    assert found == ["PAD", "CONV_2D", "MAX_POOL_2D", "SLICE", "CONV_2D", "ADD"]


def test_an_output_of_the_network_is_cut_and_keeps_its_name() -> None:
    nodes = [conv("x", "w", "c", **STEM), pool("c", "y")]
    model = graph_model(nodes, {"x": (1, 3, 192, 192), "w": rand(16, 3, 3, 3)}, ("y", "c"))
    found, _ = check(model)
    assert found == ["PAD", "CONV_2D", "SLICE", "MAX_POOL_2D", "SLICE"]
    result, _ = grown(model)
    assert [value.name for value in result.graph.outputs] == ["y", "c"]


def test_nothing_grows_that_is_given() -> None:
    model = graph_model([pool("x", "y")], {"x": (1, 3, 32, 32)})
    assert check(model) == (["PADV2", "MAX_POOL_2D"], set())


def test_nothing_grows_that_costs_more_than_the_border() -> None:
    """A convolution over many channels, of few places, is dearer than the border of its result."""
    nodes = [conv("x", "w", "c", **AROUND), pool("c", "y")]
    model = graph_model(nodes, {"x": (1, 256, 8, 8), "w": rand(8, 256, 3, 3) / 48})
    assert check(model) == (["CONV_2D", "PADV2", "MAX_POOL_2D"], set())


def test_an_odd_extent_has_its_border_on_both_sides_already() -> None:
    nodes = [conv("x", "w", "c", **AROUND), pool("c", "y")]
    model = graph_model(nodes, {"x": (1, 3, 31, 33), "w": rand(4, 3, 3, 3)})
    assert check(model) == (["CONV_2D", "MAX_POOL_2D"], set())


def test_one_axis_grows_alone() -> None:
    nodes = [conv("x", "w", "c", **AROUND), pool("c", "y")]
    model = graph_model(nodes, {"x": (1, 3, 31, 32), "w": rand(4, 3, 3, 3)})
    check(model)
    assert grown(model)[1] == {"c": (0, 1), "y/grown": (0, 1)}


def test_signals_have_one_axis_to_grow() -> None:
    nodes = [
        conv("x", "w", "c", pads=[1, 1]),
        helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[3], strides=[2], pads=[1, 1]),
    ]
    model = graph_model(nodes, {"x": (1, 3, 4096), "w": rand(4, 3, 3)})
    check(model)
    assert grown(model)[1] == {"c": (1,), "y/grown": (1,)}


def test_a_second_pool_reads_what_the_first_gave_on_top() -> None:
    nodes = [conv("x", "w", "c", **STEM), pool("c", "p"), pool("p", "y")]
    model = graph_model(nodes, {"x": (1, 3, 128, 128), "w": rand(8, 3, 3, 3)})
    found, names = check(model)
    assert names == {"c", "p", "y/grown"}
    assert found == ["PAD", "CONV_2D", "MAX_POOL_2D", "MAX_POOL_2D", "SLICE"]


def adverse() -> onnx.ModelProto:
    """A network whose added elements are a hundred times as large as its own.

    Of a flat picture, filters that add up to nothing give nearly nothing inside, and in front,
    where the border is, less than nothing, which a ReLU cuts off. Behind is no border of its own.
    """
    taps = np.array([1.0, 0.0, -1.0], np.float32)
    nodes = [
        conv("x", "w", "c", **STEM),
        helper.make_node("Relu", ["c"], ["r"]),
        pool("r", "p"),
        conv("p", "s", "q"),
        helper.make_node("Relu", ["q"], ["q2"]),
        conv("q2", "d", "y", group=16, **STEM),
    ]
    weights = {
        "w": np.broadcast_to(taps[:, None] * np.ones(3, np.float32), (16, 3, 3, 3)).copy(),
        "s": np.eye(16, dtype=np.float32).reshape(16, 16, 1, 1),
        "d": rand(16, 1, 3, 3),
    }
    return graph_model(nodes, {"x": (1, 3, 96, 96), **weights})


def flat(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": (5 + 0.01 * rng.standard_normal((1, 3, 96, 96))).astype(np.float32)}


def measured(graph: ir.Model, growths: Mapping[str, Growth]) -> tuple[Lowered, bytes, Ranges]:
    lowered = lower(graph)
    data = to_bytes(to_model(lowered.graph, lowered.io, "test"))
    crops = real_parts(from_bytes(data), lowered.trace, growths)
    seen = observe_activations(data, [flat(0), flat(1)], lowered.io, crops)
    return lowered, data, seen.ranges("min-max")


def test_added_elements_widen_no_range() -> None:
    model = adverse()
    result, growths = grown(model)
    assert set(growths) == {"c", "r", "p", "q", "q2"}
    _, _, expected = measured(infer_shapes(ir.from_proto(model)), {})
    lowered, data, found = measured(result, growths)
    for name in {*expected, *found} & {*lowered.trace}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)
    bare = activation_ranges(data, [flat(0)], lowered.io)
    wide = [name for name in found if bare[name][1] > 50 * max(found[name][1], 1e-6)]
    assert {"r", "p", "q2", "q2/pad"} <= set(wide)  # had they been measured with the rest


def test_integers_are_the_same_with_a_written_border() -> None:
    model = adverse()
    outputs = []
    for graph, growths in ((infer_shapes(ir.from_proto(model)), {}), grown(model)):
        lowered, data, ranges = measured(graph, growths)
        written = quantize(data, "int8", ranges)
        outputs.append(run_tflite(written, [flat(2)], lowered.io)[0][0])
    np.testing.assert_array_equal(*outputs)
    assert np.ptp(outputs[0]) > 0


def test_a_tensor_that_departs_is_found_behind_a_grown_one() -> None:
    """Tensors that have grown are compared with the values of the graph that was lowered."""
    result, _ = grown(adverse())
    lowered = lower(result)
    [at] = [i for i, op in enumerate(lowered.graph.ops) if op.kind == "DEPTHWISE_CONV_2D"]
    right, wrong = (copy.deepcopy(lowered.graph) for _ in range(2))
    filters = wrong.tensors[wrong.ops[at].inputs[1]]
    assert filters.data is not None
    filters.data = filters.data * 2
    found = [
        first_divergence(
            serialize(result), to_bytes(to_model(graph, lowered.io, "test")), lowered.trace,
            flat(3), lowered.io,
        )
        for graph in (right, wrong)
    ]  # fmt: skip
    assert found[0] is None
    assert found[1] is not None
    assert (found[1].index, found[1].onnx_name) == (at, "y")


@dataclass
class Drawn:
    """A random network of convolutions, pools, activations, additions and moves of channels."""

    rng: np.random.Generator
    values: dict[str, tuple[int, int, int]]
    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def name(self) -> str:
        return f"v{len(self.values)}"

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        data = self.rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        self.weights[name] = data.astype(np.float32)
        return name

    def window(self, x: str) -> None:
        channels, *image = self.values[x]
        kernel = [int(self.rng.integers(1, 4)) for _ in image]
        stride = [int(self.rng.integers(1, 3)) for _ in image]
        pads = [int(self.rng.integers(0, (k + 1) // 2 + (k > 1))) for k in kernel * 2]
        pads = [min(pad, k - 1) for pad, k in zip(pads, kernel * 2, strict=True)]
        if self.rng.random() < 0.7:  # as networks have them
            kernel, stride, pads = [3, 3], [int(self.rng.choice([1, 2, 2]))] * 2, [1, 1, 1, 1]
        ends = zip(image, kernel, stride, pads[:2], pads[2:], strict=True)
        result = [(n + b + a - k) // s + 1 for n, k, s, b, a in ends]
        if min(result) < 1:
            return
        same = {"strides": stride, "pads": pads}
        y, kind = self.name(), self.rng.integers(5)
        if kind == 0:
            self.nodes.append(conv(x, self.weight(channels, 1, *kernel), y, group=channels, **same))
        elif kind in (1, 2):
            self.nodes.append(helper.make_node("MaxPool", [x], [y], kernel_shape=kernel, **same))
        elif kind == 3:
            count = {"count_include_pad": int(self.rng.integers(2))}
            self.nodes.append(
                helper.make_node("AveragePool", [x], [y], kernel_shape=kernel, **same, **count)
            )
        else:
            self.nodes.append(conv(x, self.weight(4, channels, *kernel), y, **same))
            channels = 4
        self.values[y] = (channels, *result)

    def move(self, x: str) -> None:
        channels, *image = self.values[x]
        alike = [name for name, shape in self.values.items() if list(shape[1:]) == image]
        other, y = str(self.rng.choice(alike)), self.name()
        kind = self.rng.integers(6)
        if kind == 0:
            self.nodes.append(helper.make_node("Relu", [x], [y]))
        elif kind == 1:
            self.nodes.append(conv(x, self.weight(6, channels, 1, 1), y))
            channels = 6
        elif kind == 2 and self.values[other] == self.values[x]:
            self.nodes.append(helper.make_node("Add", [x, other], [y]))
        elif kind == 3 and channels + self.values[other][0] < 16:
            self.nodes.append(helper.make_node("Concat", [x, other], [y], axis=1))
            channels += self.values[other][0]
        elif kind == 4 and channels > 2:
            for name, number in (("zero", 0), ("two", 2), ("one", 1)):
                self.weights[name] = np.array([number], np.int64)
            self.nodes.append(helper.make_node("Slice", [x, "zero", "two", "one"], [y]))
            channels = 2
        else:
            gate = f"{y}_gate"
            self.nodes.append(helper.make_node("GlobalAveragePool", [x], [gate]))
            self.nodes.append(helper.make_node("Mul", [x, gate], [y]))
        self.values[y] = (channels, *image)


def draw(seed: int) -> onnx.ModelProto:
    """A network on pictures of random extents; its outputs are all that nobody reads."""
    rng = np.random.default_rng(seed)
    size = [int(n) for n in rng.integers(24, 97, 2) // 16 * 16 + rng.choice([0, 0, 1], 2)]
    drawn = Drawn(rng, {"x": (3, *size)})
    drawn.nodes.append(conv("x", drawn.weight(4, 3, 3, 3), "v1", **STEM))
    drawn.values = {"x": (3, *size), "v1": (4, (size[0] + 1) // 2, (size[1] + 1) // 2)}
    for _ in range(rng.integers(4, 14)):
        x = str(rng.choice([name for name in drawn.values if name != "x"][-4:]))
        (drawn.window if rng.random() < 0.5 else drawn.move)(x)
    read = {name for node in drawn.nodes for name in node.input}
    outputs = [name for name in drawn.values if name not in read]
    return graph_model(drawn.nodes, {"x": (1, 3, *size), **drawn.weights}, outputs)


@pytest.fixture(params=["measured", "short", "far"])
def costs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What pays: as measured, or everything that can be; elements are cut at once, or go far."""
    if request.param != "measured":
        monkeypatch.setattr(plan, "pad_cost", lambda pool: 1e12)
        slices = 1e9 if request.param == "far" else 0.0
        monkeypatch.setattr(ride, "slice_cost", lambda value: slices)
    return str(request.param)


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_keep_their_outputs(seed: int, costs: str) -> None:
    check(draw(seed))


def test_many_of_the_random_networks_grow(costs: str) -> None:
    count = sum(bool(grown(draw(seed))[1]) for seed in range(60))
    assert count > (2 if costs == "measured" else 18)
