from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from _edgeship.export.tflite.building.graph import TfliteGraph, options
from _edgeship.export.tflite.peephole import (
    fuse_activations,
    join_reshapes,
    optimize,
    remove_unused,
)
from tests.export.tflite.ops.harness import check, graph_model, lower_model, rand

X = (1, 3, 4, 5)
ACTIVATIONS = {
    "Relu": {},
    "Clip": {"min": 0.0, "max": 6.0},
    "Clip1": {"min": -1.0, "max": 1.0},
}


def activation(kind: str, x: str, y: str) -> Any:
    return helper.make_node(kind.rstrip("1"), [x], [y], **ACTIVATIONS[kind])


PRODUCERS = {
    "CONV_2D": helper.make_node("Conv", ["x", "w"], ["a"]),
    "DEPTHWISE_CONV_2D": helper.make_node("Conv", ["x", "d"], ["a"], group=3),
    "ADD": helper.make_node("Add", ["x", "k"], ["a"]),
    "SUB": helper.make_node("Sub", ["x", "k"], ["a"]),
    "MUL": helper.make_node("Mul", ["x", "k"], ["a"]),
    "DIV": helper.make_node("Div", ["k", "x"], ["a"]),
    "MAX_POOL_2D": helper.make_node("MaxPool", ["x"], ["a"], kernel_shape=[2, 2]),
    "AVERAGE_POOL_2D": helper.make_node("AveragePool", ["x"], ["a"], kernel_shape=[2, 2]),
    "FULLY_CONNECTED": helper.make_node("MatMul", ["x", "m"], ["a"]),
}
CONSTANTS = {
    "w": rand(2, 3, 1, 1) * 5,
    "d": rand(3, 1, 2, 2) * 5,
    "k": rand(3, 1, 1) * 5,
    "m": rand(5, 7) * 5,
}


def model_of(producer: str, kind: str, *more: Any, outputs: tuple[str, ...] = ("y",)) -> Any:
    node = PRODUCERS[producer]
    used = {name: CONSTANTS[name] for name in node.input if name in CONSTANTS}
    return graph_model(
        [node, activation(kind, "a", "y"), *more], {"x": X, **used}, outputs, opset=9
    )


@pytest.mark.parametrize("kind", list(ACTIVATIONS))
@pytest.mark.parametrize("producer", list(PRODUCERS))
def test_an_activation_goes_into_its_producer(producer: str, kind: str) -> None:
    kinds = [k for k in check(model_of(producer, kind)) if k not in ("TRANSPOSE", "RESHAPE")]
    assert kinds == [producer]


@pytest.mark.parametrize("reader", ["Sigmoid", "Relu"])
def test_an_activation_stays_where_its_input_is_read_twice(reader: str) -> None:
    more = helper.make_node(reader, ["a"], ["z"])
    kinds = check(model_of("CONV_2D", "Relu", more, outputs=("y", "z")))
    assert kinds == ["CONV_2D", "RELU", {"Sigmoid": "LOGISTIC", "Relu": "RELU"}[reader]]


def test_an_activation_stays_where_its_input_is_an_output() -> None:
    assert check(model_of("CONV_2D", "Relu", outputs=("y", "a"))) == ["CONV_2D", "RELU"]


def test_a_second_activation_stays() -> None:
    more = activation("Clip1", "y", "z")
    assert check(model_of("CONV_2D", "Relu", more, outputs=("z",))) == ["CONV_2D", "RELU_N1_TO_1"]


def test_the_activated_value_may_have_many_readers() -> None:
    more = [helper.make_node("Sigmoid", ["y"], ["s"]), helper.make_node("Mul", ["s", "y"], ["z"])]
    kinds = check(model_of("CONV_2D", "Relu", *more, outputs=("z", "y")))
    assert kinds == ["CONV_2D", "LOGISTIC", "MUL"]


def test_activations_that_cannot_be_fused_stay() -> None:
    nodes = [PRODUCERS["CONV_2D"], helper.make_node("Sigmoid", ["a"], ["y"])]
    model = graph_model(nodes, {"x": X, "w": CONSTANTS["w"]})
    assert check(model) == ["CONV_2D", "LOGISTIC"]


def reshape(graph: TfliteGraph, source: int, shape: tuple[int, ...]) -> int:
    result = graph.tensor("r", shape)
    target = graph.constant("shape", np.asarray(shape, np.int32))
    graph.add("RESHAPE", [source, target], [result], options("ReshapeOptions"))
    return result


def start() -> tuple[TfliteGraph, int]:
    graph = TfliteGraph()
    x = graph.tensor("x", (2, 6))
    graph.inputs.append(x)
    return graph, x


def test_reshapes_in_a_row_are_one() -> None:
    graph, x = start()
    last = reshape(graph, reshape(graph, reshape(graph, x, (12,)), (3, 4)), (4, 3))
    graph.outputs.append(last)
    optimize(graph)
    (op,) = graph.ops
    assert graph.tensors[op.inputs[0]].name == "x"
    assert graph.tensors[op.outputs[0]].shape == (4, 3)
    assert list(op.options.newShape) == [4, 3]
    data = graph.tensors[op.inputs[1]].data
    assert data is not None
    assert data.tolist() == [4, 3]


def test_reshapes_there_and_back_are_none() -> None:
    graph, x = start()
    back = reshape(graph, reshape(graph, x, (12,)), (2, 6))
    y = graph.tensor("y", (2, 6))
    graph.add("RELU", [back], [y])
    graph.outputs.append(y)
    optimize(graph)
    assert [op.kind for op in graph.ops] == ["RELU"]
    assert graph.tensors[graph.ops[0].inputs[0]].name == "x"


def test_a_reshape_in_the_middle_that_others_read_stays() -> None:
    graph, x = start()
    middle = reshape(graph, x, (12,))
    last = reshape(graph, middle, (3, 4))
    graph.outputs += [middle, last]
    optimize(graph)
    assert [op.kind for op in graph.ops] == ["RESHAPE", "RESHAPE"]
    assert all(graph.tensors[op.inputs[0]].name == "x" for op in graph.ops)


def test_a_reshape_that_changes_nothing_stays_as_an_output() -> None:
    graph, x = start()
    graph.outputs.append(reshape(graph, x, (2, 6)))
    join_reshapes(graph)
    assert len(graph.ops) == 1


def test_what_nobody_reads_is_removed() -> None:
    graph, x = start()
    unused_input = graph.tensor("u", (3,))
    graph.inputs.append(unused_input)
    a, b, y = (graph.tensor(name, (2, 6)) for name in "aby")
    graph.add("ABS", [x], [a])
    graph.add("NEG", [a], [b])
    graph.add("EXP", [x], [y])
    graph.outputs.append(y)
    remove_unused(graph)
    assert [op.kind for op in graph.ops] == ["EXP"]
    assert [tensor.name for tensor in graph.tensors] == ["x", "u", "y"]
    assert (graph.inputs, graph.outputs) == ([0, 1], [2])
    assert (graph.ops[0].inputs, graph.ops[0].outputs) == ([0], [2])


def test_absent_inputs_stay_absent() -> None:
    graph, x = start()
    y = graph.tensor("y", (2, 6))
    graph.add("CONV_2D", [x, -1], [y])
    graph.outputs.append(y)
    remove_unused(graph)
    assert graph.ops[0].inputs == [0, -1]


def test_fusing_keeps_the_name_of_the_activated_value() -> None:
    graph, x = start()
    a, y = graph.tensor("a", (2, 6)), graph.tensor("y", (2, 6))
    graph.add("ADD", [x, x], [a], options("AddOptions"))
    graph.add("RELU6", [a], [y])
    graph.outputs.append(y)
    fuse_activations(graph)
    (op,) = graph.ops
    assert op.options.fusedActivationFunction == schema.ActivationFunctionType.RELU6
    assert op.outputs == [y]


def test_unused_branches_of_a_network_are_not_in_the_file() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("Conv", ["x", "w"], ["z"]),
    ]
    lowered = lower_model(graph_model(nodes, {"x": X, "w": CONSTANTS["w"]}))
    assert [op.kind for op in lowered.graph.ops] == ["RELU"]
    assert len(lowered.graph.tensors) == 2


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_a_row_added_to_a_product_becomes_its_bias(relu: bool, swapped: bool) -> None:
    row = rand(7)
    add = helper.make_node("Add", ["b", "a"] if swapped else ["a", "b"], ["s" if relu else "y"])
    nodes = [PRODUCERS["FULLY_CONNECTED"], add]
    nodes += [activation("Relu", "s", "y")] if relu else []
    model = graph_model(nodes, {"x": X, "m": CONSTANTS["m"], "b": row}, ("y",), opset=9)
    kinds = check(model)
    assert "FULLY_CONNECTED" in kinds
    assert not {"ADD", "RELU"} & set(kinds)


@pytest.mark.parametrize("case", ["other shape", "output", "two readers", "computed"])
def test_other_sums_stay(case: str) -> None:
    constants = {"m": CONSTANTS["m"], "b": rand(4, 1) if case == "other shape" else rand(7)}
    addend = "x2" if case == "computed" else "b"
    inputs: dict[str, Any] = {"x": X, **constants}
    if case == "computed":
        inputs["x2"] = (1, 3, 4, 7)
    nodes = [PRODUCERS["FULLY_CONNECTED"], helper.make_node("Add", ["a", addend], ["y"])]
    outputs: tuple[str, ...] = ("y",)
    if case == "output":
        outputs = ("y", "a")
    if case == "two readers":
        nodes.append(helper.make_node("Exp", ["a"], ["z"]))
        outputs = ("y", "z")
    if addend != "b":
        inputs.pop("b")
    assert "ADD" in check(graph_model(nodes, inputs, outputs, opset=9))


def test_constants_can_be_added_after_the_sweep() -> None:
    graph, x = start()
    graph.constant("unused", np.array([7], np.int32))
    last = reshape(graph, x, (12,))
    graph.outputs.append(last)
    optimize(graph)
    (op,) = graph.ops
    known = graph.constant("shape", np.array([12], np.int32))
    assert known == op.inputs[1]
    new = graph.constant("unused", np.array([7], np.int32))
    assert graph.tensors[new].data is not None
    assert graph.tensors[new].data.tolist() == [7]
