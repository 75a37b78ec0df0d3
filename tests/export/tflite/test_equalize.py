"""Channels of other sizes: the float network stays what it is, and int8 loses less of it."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.absorb_scales import absorb_scales
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.channel_classes import FIXED, channel_classes
from _edgeship.export.tflite.equalize import channel_sizes, equalize
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.metrics import compare
from tests.export.passes.test_absorb_permutations import Net, random_graph


def samples_of(net: Net, count: int = 8) -> list[Sample]:
    shape = (1, net.input, *net.space)
    return [{"x": net.rng.normal(size=shape).astype(np.float32)} for _ in range(count)]


def data_of(lowered: Lowered, graph: TfliteGraph) -> bytes:
    return to_bytes(to_model(graph, lowered.io, "test"))


def run(lowered: Lowered, graph: TfliteGraph, samples: list[Sample]) -> list[list[np.ndarray]]:
    session = TFLiteSession(data_of(lowered, graph), lowered.io)
    return [session.run(sample) for sample in samples]


def scaled(graph: TfliteGraph, spread: float, seed: int = 0) -> tuple[TfliteGraph, int]:
    """The graph with its free channels multiplied, and how many tensors have any."""
    classes = channel_classes(graph)
    count = 1 + max(int(labels.max()) for labels in classes.values())
    factors = spread ** np.random.default_rng(seed).uniform(-0.5, 0.5, count)
    factors[FIXED] = 1.0
    scales = {i: factors[labels].astype(np.float32) for i, labels in classes.items()}
    return absorb_scales(graph, scales), sum((scale != 1).any() for scale in scales.values())


def leaky(net: Net, x: str) -> str:
    return net.node("LeakyRelu", [x], net.channels[x], alpha=0.1)


def every_kind() -> tuple[Net, tuple[str, ...]]:
    """Operators that keep scales, between convolutions of all kinds."""
    net = Net(1, 6, size=8)
    x = leaky(net, net.conv("x", 8, kernel=3))
    x = net.node("Add", [x, net.normal(8, 1, 1)], 8)
    x = net.depthwise(x)
    x = net.node("MaxPool", [x], 8, kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("PRelu", [x, net.const(np.full((8, 1, 1), 0.2, np.float32))], 8)
    y = net.conv(x, 8, groups=2, kernel=3)
    x = net.node("Add", [x, y], 8)
    x = net.node("Mul", [x, net.normal(8, 1, 1)], 8)
    x = net.concat(x, net.relu(net.conv(x, 4)))
    gate = net.node("GlobalAveragePool", [x], 12)
    gate = net.node("Sigmoid", [net.conv(net.relu(net.conv(gate, 4)), 12)], 12)
    x = net.node("Mul", [x, gate], 12)
    x = net.conv(net.slice(x, 2, 10), 6)
    x = net.node("Clip", [x, net.const(np.float32(0)), net.const(np.float32(0.5))], 6)
    x = net.conv(net.relu(net.conv(x, 5, kernel=3)), 5)
    flat = net.node("Flatten", [net.relu(x)], 80)
    return net, (net.node("Gemm", [flat, net.normal(80, 3), net.normal(3)], 3),)


def test_scales_of_classes_leave_the_network_as_it_is() -> None:
    net, outputs = every_kind()
    lowered = lower(rewrite(net.model(*outputs))[0])
    samples = samples_of(net)
    graph, tensors = scaled(lowered.graph, 1e3)
    assert tensors >= 12
    assert len(graph.tensors) == len(lowered.graph.tensors)  # old weights would stay in the file
    parity = compare(run(lowered, lowered.graph, samples), run(lowered, graph, samples))
    assert parity.max_rel < 1e-5


@pytest.mark.parametrize("seed", range(6))
def test_scales_of_random_graphs(seed: int) -> None:
    net, model = random_graph(seed)
    lowered = lower(rewrite(model)[0])
    samples = samples_of(net, 2)
    graph, _ = scaled(lowered.graph, 100.0, seed)
    parity = compare(run(lowered, lowered.graph, samples), run(lowered, graph, samples))
    assert parity.max_rel < 1e-5


def test_what_is_cut_at_6_keeps_its_scale() -> None:
    net = Net(0, 4)
    x = net.conv("x", 8)
    x = net.node("Clip", [x, net.const(np.float32(0)), net.const(np.float32(6))], 8)
    lowered = lower(rewrite(net.model(net.conv(x, 4)))[0])
    assert all((labels == FIXED).all() for labels in channel_classes(lowered.graph).values())


def test_an_input_without_elements_has_no_channels() -> None:
    graph = TfliteGraph()
    graph.inputs = [graph.tensor("x", (1, 0))]
    assert channel_classes(graph) == {}
    assert equalize(graph, {}).graph is graph


def test_computed_factors_of_a_leaky_relu_keep_their_scale() -> None:
    net = Net(0, 4)
    x = net.conv("x", 8)
    x = net.node("PRelu", [x, net.conv("x", 8)], 8)
    lowered = lower(rewrite(net.model(net.conv(x, 3)))[0])
    samples = samples_of(net)
    graph, _ = scaled(lowered.graph, 1e3)
    parity = compare(run(lowered, lowered.graph, samples), run(lowered, graph, samples))
    assert parity.max_rel < 1e-5


def chain() -> tuple[Net, Lowered]:
    net = Net(3, 6, size=8)
    x = leaky(net, net.conv("x", 16))
    x = leaky(net, net.depthwise(x))
    return net, lower(rewrite(net.model(net.conv(x, 6)))[0])


def int8_db(lowered: Lowered, graph: TfliteGraph, samples: list[Sample]) -> float:
    data = data_of(lowered, graph)
    ranges = activation_ranges(data, samples, lowered.io)
    session = TFLiteSession(quantize(data, "int8", ranges), lowered.io)
    found = [session.run(sample) for sample in samples]
    return compare(run(lowered, graph, samples), found).sqnr_db


def equalized(lowered: Lowered, graph: TfliteGraph, samples: list[Sample]) -> TfliteGraph:
    return equalize(graph, channel_sizes(data_of(lowered, graph), samples, lowered.io)).graph


def test_channels_a_thousand_times_apart_cost_nothing() -> None:
    net, lowered = chain()
    samples = samples_of(net)
    plain = int8_db(lowered, lowered.graph, samples)
    graph, _ = scaled(lowered.graph, 1e3)
    assert int8_db(lowered, graph, samples) < plain - 10
    assert int8_db(lowered, equalized(lowered, graph, samples), samples) > plain - 1


def test_no_channel_grows_beyond_the_largest() -> None:
    net, lowered = chain()
    samples = samples_of(net)
    before = channel_sizes(data_of(lowered, lowered.graph), samples, lowered.io)
    graph = equalized(lowered, lowered.graph, samples)
    after = channel_sizes(data_of(lowered, graph), samples, lowered.io)
    assert before.keys() == after.keys()
    for name, size in before.items():
        assert after[name].largest.max() <= size.largest.max() * (1 + 1e-5)
        assert (after[name].largest >= size.largest * (1 - 1e-5)).all()


@pytest.mark.parametrize("factor", [1e-9, 1e-15, 0.0])
def test_a_dead_channel_hurts_no_other(factor: float) -> None:
    """Of a channel that is 0 throughout nothing is known; one of 1e-15 grows by 2^40 at most."""
    net, lowered = chain()
    samples = samples_of(net)
    first = lowered.graph.ops[0]
    for index in first.inputs[1:]:
        tensor = lowered.graph.tensors[index]
        assert tensor.data is not None
        tensor.data = tensor.data.copy()
        tensor.data[3] *= factor
    plain = int8_db(lowered, lowered.graph, samples)
    graph = equalized(lowered, lowered.graph, samples)
    parity = compare(run(lowered, lowered.graph, samples), run(lowered, graph, samples))
    assert parity.max_rel < 1e-5
    assert int8_db(lowered, graph, samples) > plain - 0.5


def silu_chain(outlier: float) -> tuple[Net, Lowered]:
    """SiLU between convolutions, of which one channel is large, and what reads it small."""
    net = Net(4, 6, size=8)
    x = net.conv("x", 16)
    net.constants["c0"][5] *= outlier
    x = net.node("Mul", [x, net.node("Sigmoid", [x], 16)], 16)
    x = net.depthwise(x)
    net.constants["c2"][5] /= outlier
    return net, lower(rewrite(net.model(net.conv(x, 6)))[0])


def test_an_outlier_in_front_of_a_gate_costs_nothing() -> None:
    net, lowered = silu_chain(1e3)
    samples = samples_of(net)
    graph = equalized(lowered, lowered.graph, samples)
    added = [op.kind for op in graph.ops].count("DEPTHWISE_CONV_2D") - 1
    assert (added, len(graph.ops)) == (1, len(lowered.graph.ops) + 1)
    parity = compare(run(lowered, lowered.graph, samples), run(lowered, graph, samples))
    assert parity.max_rel < 1e-5
    assert int8_db(lowered, lowered.graph, samples) < 15
    assert int8_db(lowered, graph, samples) > 25


def test_gates_that_cost_little_stay_as_they_are() -> None:
    net, lowered = silu_chain(1.0)
    samples = samples_of(net)
    graph = equalized(lowered, lowered.graph, samples)
    assert len(graph.ops) == len(lowered.graph.ops)
