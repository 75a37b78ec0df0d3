"""The graph whose layers are switched, against the graph itself and the one that is all rounded."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.sensitivity.layers import layers_of
from _edgeship.export.sensitivity.switches import positions, switched
from _edgeship.export.verification.rounded_values import in_8_bits
from _edgeship.export.verification.rounded_weights import round_weights
from tests.export.sensitivity.graphs import as_graph, random_network, samples


@pytest.mark.parametrize("seed", range(25))
def test_all_off_is_the_network_and_all_on_is_the_ideal_file(seed: int) -> None:
    graph = as_graph(random_network(seed))
    ranges = graph_ranges(serialize(graph), samples())
    layers = layers_of(graph, set(ranges))
    every = range(len(layers))
    data = switched(graph, layers, ranges)

    def run(weights: object, results: object) -> list[list[np.ndarray]]:
        fed = positions(layers, weights, results)  # type: ignore[arg-type]
        return run_onnx(data, [{**one, **fed} for one in samples()], plain=True)

    expected = {
        "off": (run((), ()), serialize(graph)),
        "weights": (run(every, ()), round_weights(graph)),
        "on": (run(every, every), in_8_bits(graph, ranges)),
    }
    for found, other in expected.values():
        for left, right in zip(found, run_onnx(other, samples(), plain=True), strict=True):
            for one, two in zip(left, right, strict=True):
                np.testing.assert_array_equal(one, two)


def test_one_switch_rounds_one_layer() -> None:
    graph = as_graph(random_network(3))
    ranges = graph_ranges(serialize(graph), samples())
    layers = layers_of(graph, set(ranges))
    data = switched(graph, layers, ranges)
    fed = [{**samples(1)[0], **positions(layers, (), {number})} for number in range(len(layers))]
    exact = run_onnx(serialize(graph), samples(1))[0]
    for outputs in run_onnx(data, fed):
        assert any((one != two).any() for one, two in zip(outputs, exact, strict=True))
