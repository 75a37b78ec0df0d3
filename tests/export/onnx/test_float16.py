"""The float16 file: what is stored and computed in which type."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.float16 import to_float16
from _edgeship.export.onnx.optimized import run_optimized
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.onnx.graphs import expected, graph, node, normal, samples

_X = {"x": (1, 4, 6, 6)}


def test_weights_and_values_are_float16_and_inputs_and_outputs_float32() -> None:
    nodes = [node("Conv", "x w", "a"), node("Relu", "a", "y")]
    weight = normal(3, 4, 3, 3)
    model = graph(nodes, _X, {"y": (1, 3, 4, 4)}, {"w": weight})
    made = onnx.load_model_from_string(to_bytes(to_float16(deployable(model))))
    assert [one.op_type for one in made.graph.node] == ["Cast", "Conv", "Relu", "Cast"]
    [stored] = made.graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(stored), weight.astype(np.float16))
    kinds = {v.type.tensor_type.elem_type for v in (*made.graph.input, *made.graph.output)}
    assert kinds == {TensorProto.FLOAT}
    assert [value.name for value in made.graph.output] == ["y"]


def test_it_computes_what_float32_does_within_float16() -> None:
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("Clip", "a low high", "b"),
        node("Resize", "b s s", "c", mode="linear"),
        node("TopK", "c k", "y at", axis=1),
    ]
    nodes[2].input[:] = ["b", "", "scales"]
    constants = {
        "w": normal(8, 4, 3, 3),
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "k": np.array([2]),
    }
    model = graph(nodes, _X, {"y": (1, 2, 12, 12)}, constants)
    data = to_bytes(to_float16(deployable(model)))
    onnx.checker.check_model(onnx.load_model_from_string(data), full_check=True)
    fed = samples(_X)
    for outputs in (run_optimized(data, fed), run_onnx(data, fed)):
        parity = compare(expected(model, fed), outputs)
        assert 50 < parity.sqnr_db < 90


def test_operators_that_stay_in_float32_may_read_the_same_values() -> None:
    nodes = [
        *(node("Resize", "x s s", name, mode="linear") for name in ("a", "b")),
        node("Add", "a b", "c"),
        node("TopK", "c k", "high at", axis=1),
        node("TopK", "c k", "low places", axis=1, largest=0),
        node("Add", "high low", "y"),
    ]
    for one in nodes[:2]:
        one.input[:] = ["x", "", "scales"]
    scales = np.array([1, 1, 4 / 3, 2], np.float32)
    constants = {"scales": scales, "k": np.array([2])}
    model = graph(nodes, _X, {"y": (1, 2, 8, 12)}, constants)
    data = to_bytes(to_float16(deployable(model)))
    made = onnx.load_model_from_string(data)
    onnx.checker.check_model(made, full_check=True)
    [stored] = [one for one in made.graph.initializer if one.name == "scales"]
    np.testing.assert_array_equal(numpy_helper.to_array(stored), scales)
    fed = samples(_X)
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 50


def test_equal_graphs_give_equal_bytes_and_the_graph_is_left_alone() -> None:
    model = deployable(
        graph([node("Conv", "x w", "y")], _X, {"y": (1, 3, 4, 4)}, {"w": normal(3, 4, 3, 3)})
    )
    before = serialize(model)
    first, second = (to_bytes(to_float16(model)) for _ in range(2))
    assert first == second
    assert serialize(model) == before
