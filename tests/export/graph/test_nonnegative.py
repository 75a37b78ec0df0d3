from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper

from _edgeship.export.graph.nonnegative import is_nonnegative
from _edgeship.export.graph.onnx_graph import infer_shapes


def judge(text: str, opset: int = 18) -> bool:
    """Whether y of a graph of x and z, both of shape (1, 4, 6, 6), is known not to be negative."""
    model = onnx.parser.parse_model(
        f'<ir_version: 10, opset_import: ["": {opset}]>'
        f"agraph (float[1,4,6,6] x, float[1,4,6,6] z, float bound) => (y) {{ {text} }}"
    )
    return is_nonnegative(infer_shapes(ir.from_proto(model)).graph.outputs[0])


@pytest.mark.parametrize(
    "text",
    [
        "y = Relu(x)",
        "y = Sigmoid(x)",
        "y = HardSigmoid(x)",
        "y = Softmax(x)",
        "y = Abs(x)",
        "y = Exp(x)",
        "a = Relu(x) y = MaxPool <kernel_shape = [2, 2]> (a)",
        "a = Relu(x) y = AveragePool <kernel_shape = [2, 2], pads = [1, 1, 1, 1]> (a)",
        "a = Relu(x) b = Transpose(a) c = Flatten(b) y = Dropout(c)",
        "a = Relu(x) b = Sigmoid(z) y = Concat <axis = 1> (a, b)",
        "a = Relu(x) b = Sigmoid(z) c = Add(a, b) y = Mul(a, c)",
        "a = Relu(x) y, b = Split <axis = 1, num_outputs = 2> (a)",
        "zero = Constant <value_float = 0.0> () y = Clip(x, zero)",
        "zero = Constant <value_float = 0.0> () six = Constant <value_float = 6.0> () "
        "y = Clip(x, zero, six)",
    ],
)
def test_known(text: str) -> None:
    assert judge(text)


@pytest.mark.parametrize(
    "text",
    [
        "y = Identity(x)",
        "y = Tanh(x)",
        "y = HardSwish(x)",
        "y = LeakyRelu(x)",
        "y = Clip(x)",
        "y = Clip(x, bound)",
        "six = Constant <value_float = 6.0> () y = Clip(x, , six)",
        "low = Constant <value_float = -1.0> () y = Clip(x, low)",
        "zero = Constant <value_float = 0.0> () y = Clip(x, zero, bound)",
        "one = Constant <value_float = 1.0> () low = Constant <value_float = -1.0> () "
        "y = Clip(x, one, low)",
        "a = Relu(x) y = Concat <axis = 1> (a, z)",
        "a = Relu(x) y = Add(a, z)",
        "a = Relu(x) y = Sub(a, a)",
        "y = MaxPool <kernel_shape = [2, 2]> (x)",
    ],
)
def test_unknown(text: str) -> None:
    assert not judge(text)


def test_clip_by_attributes() -> None:
    assert judge("y = Clip <min = 0.0, max = 6.0> (x)", opset=6)
    assert not judge("y = Clip <max = 6.0> (x)", opset=6)
    assert not judge("y = Clip <min = -1.0> (x)", opset=6)


def test_a_dense_graph_takes_no_exponential_time() -> None:
    """Every layer reads all before it, as in DenseNet but without convolutions in between."""
    nodes = [helper.make_node("Relu", ["x"], ["v0"])]
    for i in range(1, 60):
        nodes.append(helper.make_node("Sum", [f"v{k}" for k in range(i)], [f"v{i}"]))
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (2,))
    output = helper.make_tensor_value_info("v59", onnx.TensorProto.FLOAT, (2,))
    graph = helper.make_graph(nodes, "graph", [value], [output])
    model = ir.from_proto(helper.make_model(graph))
    assert is_nonnegative(model.graph.outputs[0])


def test_a_deep_graph_needs_no_deep_stack() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["v0"])]
    nodes += [helper.make_node("Identity", [f"v{i}"], [f"v{i + 1}"]) for i in range(3000)]
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (2,))
    output = helper.make_tensor_value_info("v3000", onnx.TensorProto.FLOAT, (2,))
    graph = helper.make_graph(nodes, "graph", [value], [output])
    assert is_nonnegative(ir.from_proto(helper.make_model(graph)).graph.outputs[0])


def test_constants_are_not_judged() -> None:
    tensor = numpy_helper.from_array(np.array([-1.0], np.float32), "k")
    node = helper.make_node("Identity", ["k"], ["y"])
    output = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1,))
    graph = helper.make_graph([node], "graph", [], [output], [tensor])
    assert not is_nonnegative(ir.from_proto(helper.make_model(graph)).graph.outputs[0])
