"""Channels of other sizes in ONNX graphs: they compute the same, and 8 bits lose less of them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.equalization.absorb_scales import absorb_scales
from _edgeship.export.equalization.channel_classes import channel_classes
from _edgeship.export.equalization.equalize import channel_sizes, equalize
from _edgeship.export.equalization.factors import FIXED
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.metrics import compare
from tests.export.passes.test_absorb_permutations import Net, random_graph
from tests.export.tflite.test_equalize import every_kind, leaky, samples_of


def run(model: ir.Model, samples: list[Sample]) -> Outputs:
    return run_onnx(serialize(model), samples)


def scaled(model: ir.Model, spread: float, seed: int = 0) -> tuple[ir.Model, int]:
    """The graph with its free channels multiplied, and how many values have any."""
    classes = channel_classes(model)
    count = 1 + max(int(labels.max()) for labels in classes.values())
    factors = spread ** np.random.default_rng(seed).uniform(-0.5, 0.5, count)
    factors[FIXED] = 1.0
    scales = {name: factors[labels] for name, labels in classes.items()}
    return absorb_scales(model, scales), sum((one != 1).any() for one in scales.values())


def test_scales_of_classes_leave_the_network_as_it_is() -> None:
    net, outputs = every_kind()
    model = rewrite(net.model(*outputs))[0]
    samples = samples_of(net)
    other, values = scaled(model, 1e3)
    assert values >= 20
    assert len(other.graph.initializers) == len(model.graph.initializers)
    assert compare(run(model, samples), run(other, samples)).max_rel < 1e-5


@pytest.mark.parametrize("seed", range(6))
def test_scales_of_random_graphs(seed: int) -> None:
    net, model = random_graph(seed)
    samples = samples_of(net, 2)
    # As it was captured, shuffles are reshapes and transposes, which move scales.
    for graph in (model, rewrite(model)[0]):
        other, values = scaled(graph, 100.0, seed)
        assert values
        assert compare(run(graph, samples), run(other, samples)).max_rel < 1e-5


def test_products_of_matrices_and_other_axes() -> None:
    net = Net(1, 6, size=8)
    x = net.node("ConvTranspose", ["x", net.normal(6, 4, 3, 3), net.normal(8)], 8, group=2)
    x = net.node("Add", [x, net.normal(1)], 8)
    x = net.node("Transpose", [net.relu(x)], 8, perm=[0, 2, 3, 1])
    x = net.node("MatMul", [x, net.normal(8, 5)], 5)
    x = net.relu(net.node("Add", [net.normal(5), x], 5))
    x = net.node("ReduceMean", [x, net.const(np.array([1, 2]))], 5, keepdims=0)
    y = net.node("Concat", [x, net.node("Div", [x, net.const(np.float32(3))], 5)], 10, axis=-1)
    gemm = net.node("Gemm", [y, net.normal(4, 10), net.normal(4)], 4, transB=1)
    x = net.node("MatMul", [net.relu(gemm), net.normal(4, 3)], 3)
    model = net.model(x)
    samples = samples_of(net)
    other, values = scaled(model, 1e3)
    assert values == 12
    assert compare(run(model, samples), run(other, samples)).max_rel < 1e-5


def test_what_is_bent_keeps_its_scale() -> None:
    net = Net(0, 4)
    x = net.conv("x", 8)
    x = net.node("Mul", [x, net.node("Sigmoid", [x], 8)], 8)
    model = net.model(net.conv(x, 4))
    assert all((labels == FIXED).all() for labels in channel_classes(model).values())


def chain() -> tuple[Net, ir.Model]:
    net = Net(3, 6, size=8)
    x = leaky(net, net.conv("x", 16))
    x = leaky(net, net.depthwise(x))
    return net, rewrite(net.model(net.conv(x, 6)))[0]


def int8_db(model: ir.Model, samples: list[Sample]) -> float:
    model = deployable(model)
    ranges = graph_ranges(serialize(model), samples)
    found = run_onnx(to_bytes(quantize(model, ranges, None, ())), samples)
    return compare(run(model, samples), found).sqnr_db


def test_channels_a_thousand_times_apart_cost_nothing() -> None:
    net, model = chain()
    samples = samples_of(net)
    plain = int8_db(model, samples)
    other, _ = scaled(model, 1e3)
    assert int8_db(other, samples) < plain - 10
    assert int8_db(equalize(other, samples), samples) > plain - 1


def test_no_channel_grows_beyond_the_largest() -> None:
    net, model = chain()
    samples = samples_of(net)
    classes = channel_classes(model)
    before = channel_sizes(model, classes, samples)
    after = channel_sizes(equalize(model, samples), classes, samples)
    assert before.keys() == after.keys()
    for name, size in before.items():
        assert after[name].largest.max() <= size.largest.max() * (1 + 1e-5)
        assert (after[name].largest >= size.largest * (1 - 1e-5)).all()
