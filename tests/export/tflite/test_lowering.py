from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.errors import UnsupportedError
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.writer import to_bytes, to_model
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    inputs_of,
    lower_model,
    parse,
    rand,
    run_lowered,
)

X = (1, 3, 4, 5)


def relu(x: str, y: str) -> Any:
    return helper.make_node("Relu", [x], [y])


@pytest.mark.parametrize(
    ("io_layout", "shape", "perm"),
    [("nhwc", (1, 4, 5, 3), (0, 2, 3, 1)), ("nchw", (1, 3, 4, 5), (0, 1, 2, 3))],
)
def test_ports(io_layout: Any, shape: tuple[int, ...], perm: tuple[int, ...]) -> None:
    lowered = lower_model(graph_model([relu("x", "y")], {"x": X}), io_layout)
    for port, tensor, name in (
        (lowered.io.inputs[0], lowered.graph.inputs[0], "x"),
        (lowered.io.outputs[0], lowered.graph.outputs[0], "y"),
    ):
        assert (port.name, port.shape, port.perm) == (name, shape, perm)
        assert lowered.graph.tensors[tensor].shape == shape


def test_ports_of_five_axes_are_channels_last() -> None:
    lowered = lower_model(graph_model([relu("x", "y")], {"x": (1, 2, 3, 4, 5)}))
    assert lowered.io.inputs[0].shape == (1, 3, 4, 5, 2)


def test_a_graph_that_takes_and_gives_nhwc_by_itself() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["a", "w"], ["b"]),
        helper.make_node("Transpose", ["b"], ["y"], perm=[0, 2, 3, 1]),
    ]
    model = graph_model(nodes, {"x": (1, 4, 5, 3), "w": rand(2, 3, 1, 1)})
    assert check(model) == ["CONV_2D"]
    lowered = lower_model(model)
    assert lowered.io.inputs[0].perm == (0, 1, 2, 3)
    assert lowered.io.outputs[0].perm == (0, 1, 2, 3)


def test_a_transpose_without_perm_at_either_end() -> None:
    check_both(graph_model([helper.make_node("Transpose", ["x"], ["y"])], {"x": X}))


@pytest.mark.parametrize("io_layout", LAYOUTS)
def test_several_inputs_and_outputs(io_layout: Any) -> None:
    nodes = [
        helper.make_node("Conv", ["a", "w"], ["c"]),
        helper.make_node("Add", ["c", "b"], ["y"]),
        helper.make_node("ReduceMean", ["y", "axes"], ["z"], keepdims=0),
    ]
    inputs = {"b": (2, 1, 1), "a": X, "w": rand(2, 3, 1, 1), "axes": np.array([2, 3])}
    model = graph_model(nodes, inputs, ["z", "y", "c"])
    check(model, io_layout)
    io = lower_model(model, io_layout).io
    assert [port.name for port in io.inputs] == ["b", "a"]
    assert [port.name for port in io.outputs] == ["z", "y", "c"]


def test_an_input_that_nobody_reads() -> None:
    model = graph_model([relu("x", "y")], {"x": X, "unused": (2, 2)})
    assert check(model) == ["RELU"]


def test_an_output_that_is_read_on() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        relu("a", "b"),
        helper.make_node("Clip", ["b", "", "high"], ["y"]),
    ]
    inputs = {"x": X, "w": rand(2, 3, 1, 1), "high": np.array(0.5, np.float32)}
    # As an output, what comes before the activation must stay.
    kinds = check_both(graph_model(nodes, inputs, ["y", "a"]))
    assert kinds == ["CONV_2D", "RELU", "MINIMUM"]
    assert check_both(graph_model(nodes, inputs, ["y", "b"])) == ["CONV_2D", "MINIMUM"]


@pytest.mark.parametrize("op_type", ["Identity", "Transpose", "Dropout"])
def test_an_output_that_is_an_input(op_type: str) -> None:
    attributes = {"perm": [0, 1, 2, 3]} if op_type == "Transpose" else {}
    nodes = [helper.make_node(op_type, ["x"], ["y"], **attributes), relu("x", "z")]
    check_both(graph_model(nodes, {"x": X}, ["y", "z"]))


def test_an_output_that_is_an_input_by_name() -> None:
    model = graph_model([relu("x", "y")], {"x": X})
    model.graph.output.append(model.graph.input[0])
    check_both(model)


def test_an_output_that_is_another_one() -> None:
    nodes = [
        relu("x", "a"),
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Transpose", ["a"], ["c"], perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["a"], ["d"], axis=4),
    ]
    check_both(graph_model(nodes, {"x": X}, ["a", "b", "c", "d"]))


def test_an_output_given_twice_is_refused() -> None:
    model = graph_model([relu("x", "y")], {"x": X})
    model.graph.output.append(model.graph.output[0])
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "output y: it is an output already" in error.value.why


@pytest.mark.parametrize("as_node", [True, False])
def test_an_output_that_is_constant(as_node: bool) -> None:
    value = rand(2, 3, 4, 5)
    nodes = [relu("x", "y")]
    inputs: dict[str, Any] = {"x": X}
    if as_node:
        tensor = numpy_helper.from_array(value)
        nodes.append(helper.make_node("Constant", [], ["k"], value=tensor))
        model = graph_model(nodes, inputs, ["y", "k"])
    else:
        model = graph_model(nodes, {**inputs, "k": value})
        model.graph.output.append(
            helper.make_tensor_value_info("k", TensorProto.FLOAT, (2, 3, 4, 5))
        )
    assert check_both(model) == ["RELU", "RESHAPE"]


def test_constant_nodes() -> None:
    weight = numpy_helper.from_array(rand(2, 3, 1, 1))
    nodes = [
        helper.make_node("Constant", [], ["w"], value=weight),
        helper.make_node("Constant", [], ["b"], value_floats=[1.0, 2.0]),
        helper.make_node("Constant", [], ["two"], value_float=2.0),
        helper.make_node("Conv", ["x", "w", "b"], ["a"]),
        helper.make_node("Mul", ["a", "two"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": X})) == ["CONV_2D", "MUL"]


def test_initializers_listed_as_inputs() -> None:
    """As files from before IR version 4 do."""
    model = graph_model(
        [helper.make_node("Conv", ["x", "w"], ["y"])], {"x": X, "w": rand(2, 3, 1, 1)}
    )
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, (2, 3, 1, 1)))
    assert [port.name for port in lower_model(model).io.inputs] == ["x"]
    assert check(model) == ["CONV_2D"]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 2e-3), (np.float64, 1e-5)])
def test_other_floating_types_become_float32(dtype: Any, tolerance: float) -> None:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    inputs = {"x": (3, 4), "w": rand(4, 5).astype(dtype), "b": rand(5).astype(dtype)}
    model = graph_model(nodes, inputs, dtype=kind)
    check(model, tolerance=tolerance)
    assert {tensor.dtype for tensor in lower_model(model).graph.tensors} == {np.dtype(np.float32)}


def test_bfloat16_initializers_become_float32() -> None:
    exact = rand(4, 5).astype(np.float32)
    weight = helper.make_tensor("w", TensorProto.BFLOAT16, exact.shape, exact.reshape(-1))
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.BFLOAT16, (3, 4))],
        [helper.make_tensor_value_info("y", TensorProto.BFLOAT16, (3, 5))],
        [weight],
    )
    lowered = lower_model(helper.make_model(graph, ir_version=10))
    x = rand(3, 4, seed=1)
    (found,) = run_lowered(lowered, {"x": x})
    expected = x @ numpy_helper.to_array(weight).astype(np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def network(unknown: str) -> onnx.ModelProto:
    """A network with several problems, one of them an operator whose shape nobody knows."""
    model = onnx.parser.parse_model(
        f"""<ir_version: 10, opset_import: ["": 18, "com.example": 1]>
        agraph (float[1,3,8,8] x) => (float[1,3,8,8] y) {{
            a = Relu(x)
            b = {unknown}(a)
            c = Tanh(b)
            d = RandomNormalLike(a)
            e = Add(c, d)
            f = RandomNormalLike(e)
            y = Sigmoid(f)
        }}"""
    )
    for number, node in enumerate(model.graph.node):
        node.name = f"n{number}"
    return model


# Shape inference passes over an operator of another domain, and gives up on one of its own.
@pytest.mark.parametrize("unknown", ["com.example.Magic", "Magic"])
def test_all_problems_are_reported_at_once(unknown: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(network(unknown))
    assert error.value.exit_code == 4
    found = [line.strip() for line in error.value.why.splitlines()]
    assert found[0] == "Magic (n1): no TFLite lowering for this operator"
    assert found[-1] == "RandomNormalLike (n5): no TFLite lowering for this operator"
    if unknown != "Magic":
        assert found[1] == "RandomNormalLike (n3): no TFLite lowering for this operator"
        assert error.value.what.startswith("3 parts of the network")


def test_problems_behind_one_of_known_shape_are_reported_too() -> None:
    model = network("com.example.Magic")
    model.graph.value_info.append(
        helper.make_tensor_value_info("b", TensorProto.FLOAT, (1, 3, 8, 8))
    )
    model.graph.node[2].CopyFrom(helper.make_node("RandomNormalLike", ["b"], ["c"], name="n2"))
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "RandomNormalLike (n2): no TFLite" in error.value.why
    assert error.value.what.startswith("4 parts")


def test_a_single_problem() -> None:
    model = parse("agraph (float[3] x) => (float[3] y) { y = Mystery(x) }")
    with pytest.raises(UnsupportedError, match="A part of the network") as error:
        lower_model(model)
    assert error.value.why == "Mystery (y): no TFLite lowering for this operator"


@pytest.mark.parametrize(
    ("declaration", "why"),
    [
        ("float[N,3] x", "input x: the shape of x is not known before running"),
        ("float[0,3] x", "input x: x has no elements (shape [0, 3])"),
        (
            "uint64[2,3] x",
            "input x: x has type uint64, which LiteRT has no kernels for; use int64",
        ),
        ("string[2,3] x", "input x: x has type string"),
        ("complex64[2,3] x", "input x: x has type complex64"),
    ],
)
def test_inputs_that_no_file_can_have(declaration: str, why: str) -> None:
    model = parse(f"agraph ({declaration}) => (float y) {{ y = Identity(x) }}")
    model.graph.output[0].ClearField("type")
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert error.value.why == why


def test_a_shape_that_is_known_only_when_running() -> None:
    model = parse("agraph (float[4] x, int64[2] s) => (float[A,B] y) { y = Reshape(x, s) }")
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "Reshape (y): the shape of y is not known before running" in error.value.why


def test_the_trace_names_what_each_tensor_holds() -> None:
    """Every traced tensor, once transposed, is the ONNX value of that name."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        relu("a", "b"),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Transpose", ["c"], ["d"], perm=[0, 1, 3, 2]),
        helper.make_node("Softmax", ["d"], ["e"], axis=1),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["y"]),
    ]
    inputs = {"x": (1, 3, 6, 8), "w": rand(4, 3, 3, 3), "v": rand(48, 5)}
    names = ["a", "b", "c", "d", "e", "f", "y"]
    model = graph_model(nodes, inputs, names)
    feeds = inputs_of(model)
    expected = dict(zip(names, run_onnx(model.SerializeToString(), [feeds])[0], strict=True))
    plain = graph_model(nodes, inputs)
    lowered = lower_model(plain)
    found = {tensor.name for tensor in lowered.graph.tensors}
    traced = {name: entry for name, entry in lowered.trace.items() if name in found}
    # A convolution's result is fused away, and the columns of a flattened image lie as they may.
    assert {entry[0] for entry in traced.values()} == {"x", "b", "c", "e", "y"}
    data = to_bytes(to_model(lowered.graph, lowered.io, "test"))
    session = TFLiteSession(data, lowered.io, "litert-reference", keep_intermediates=True)
    session.run(feeds)
    held = {detail["name"]: session.tensor(detail) for detail in session.tensors().values()}
    for name, (value, perm) in traced.items():
        wanted = feeds[value] if value == "x" else expected[value]
        np.testing.assert_allclose(held[name], wanted.transpose(perm), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("io_layout", LAYOUTS)
def test_lowering_leaves_the_model_as_it_was(io_layout: Any) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"]), relu("a", "y")]
    good = infer_shapes(ir.from_proto(graph_model(nodes, {"x": X, "w": rand(2, 3, 1, 1)})))
    before = serialize(good)
    lower(good, io_layout)
    assert serialize(good) == before

    refused = infer_shapes(ir.from_proto(network("com.example.Magic")))
    before = serialize(refused)
    with pytest.raises(UnsupportedError):
        lower(refused, io_layout)
    assert serialize(refused) == before


def test_operators_on_constants_alone() -> None:
    """As a graph has where it was not simplified."""
    nodes = [
        helper.make_node("Add", ["one", "two"], ["a"]),
        helper.make_node("Mul", ["one", "one"], ["b"]),
        helper.make_node("Relu", ["k"], ["c"]),
        helper.make_node("Concat", ["k", "c"], ["d"], axis=0),
        helper.make_node("ReduceMean", ["d"], ["e"], keepdims=1),
        helper.make_node("Slice", ["d", "from", "to"], ["f"]),
        helper.make_node("Add", ["x", "a"], ["g"]),
        helper.make_node("Mul", ["g", "b"], ["h"]),
        helper.make_node("Sub", ["h", "f"], ["i"]),
        helper.make_node("Div", ["i", "e"], ["y"]),
    ]
    constants = {
        "one": rand(1, seed=1),
        "two": rand(1, 1, seed=2),
        "k": rand(3, 1, 1, seed=3),
        "from": np.array([2]),
        "to": np.array([5]),
    }
    check_both(graph_model(nodes, {"x": X, **constants}))
