from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.running import run
from _edgeship.export.coreml.lowering import lower
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from tests.export.coreml.ops.harness import (
    check,
    graph_model,
    inputs_of,
    lower_model,
    parse,
    rand,
    saved,
)

X = (1, 3, 4, 5)


def relu(x: str, y: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [x], [y])


def test_ports() -> None:
    model = graph_model([relu("in/put.1", "0")], {"in/put.1": X}, ["0"])
    lowered = lower_model(model)
    (given,), (result,) = lowered.io.inputs, lowered.io.outputs
    # Names in a package are identifiers.
    assert (given.name, given.onnx_name, given.shape) == ("in_put_1", "in/put.1", X)
    assert (result.name, result.onnx_name, result.dtype) == ("_0", "0", "float32")
    check(model)


def test_names_that_become_equal() -> None:
    nodes = [relu("a.b", "a/b"), helper.make_node("Add", ["a/b", "a_b"], ["a:b"])]
    model = graph_model(nodes, {"a.b": X, "a_b": X}, ["a:b"])
    assert [port.name for port in lower_model(model).io.inputs] == ["a_b", "a_b_1"]
    assert check(model) == ["relu", "add"]


def test_names_like_those_that_coremltools_makes_up() -> None:
    nodes = [
        helper.make_node("LeakyRelu", ["x"], ["a"], alpha=0.3),
        helper.make_node("LeakyRelu", ["a"], ["a_alpha_0"], alpha=0.1),
        helper.make_node("Add", ["a", "a_alpha_0"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": X}, ["y", "a_alpha_0"]))[:2] == ["leaky_relu"] * 2


@pytest.mark.parametrize("ios", [15, 16, 17, 18])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_targets(ios: int, precision: Any) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("HardSwish", ["a"], ["b"]),
        helper.make_node("LeakyRelu", ["b"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2]),
        helper.make_node("Clip", ["d", "low", "high"], ["y"]),
    ]
    bounds = {"low": np.array(-0.5, np.float32), "high": np.array(0.5, np.float32)}
    model = graph_model(nodes, {"x": X, "w": rand(4, 3, 1, 1), **bounds})
    expected = ["conv", "sigmoid_hard", "mul", "leaky_relu", "max_pool", "clip"]
    kinds = check(model, ios, precision, tolerance=1e-5 if precision == "float32" else 5e-3)
    assert [kind for kind in kinds if kind != "cast"] == expected
    # In half precision, inputs and outputs stay float32.
    assert kinds.count("cast") == (0 if precision == "float32" else 2)


@pytest.mark.parametrize("ios", [14, 99])
def test_unknown_targets(ios: int) -> None:
    with pytest.raises(InputError, match=f"target '{ios}'") as error:
        lower_model(graph_model([relu("x", "y")], {"x": X}), ios)
    assert "15, 16, 17, 18" in error.value.todo


def test_several_inputs_and_outputs() -> None:
    nodes = [
        helper.make_node("Conv", ["a", "w"], ["c"]),
        helper.make_node("Add", ["c", "b"], ["y"]),
        helper.make_node("ReduceMean", ["y", "axes"], ["z"], keepdims=0),
    ]
    inputs = {"b": (2, 1, 1), "a": X, "w": rand(2, 3, 1, 1), "axes": np.array([2, 3])}
    model = graph_model(nodes, inputs, ["z", "y", "c"])
    check(model)
    io = lower_model(model).io
    assert [port.name for port in io.inputs] == ["b", "a"]
    assert [port.name for port in io.outputs] == ["z", "y", "c"]


def test_an_input_that_nobody_reads() -> None:
    model = graph_model([relu("x", "y")], {"x": X, "unused": (2, 2)})
    assert [port.name for port in lower_model(model).io.inputs] == ["x", "unused"]
    # coremltools gives it a reader.
    assert check(model) == ["relu", "identity"]


def test_booleans_travel_as_integers() -> None:
    model = parse("""agraph (bool[2,3] x) => (bool[2,3] y, float[2,3] z) {
        y = Identity(x)
        z = Cast <to = 1> (x)
    }""")
    lowered = lower_model(model)
    assert [port.dtype for port in (*lowered.io.inputs, *lowered.io.outputs)] == [
        "int32",
        "int32",
        "float32",
    ]
    feeds = {"x": np.array([[True, False, True], [False, False, True]])}
    check(model, feeds=feeds)


def test_integers_of_64_bits_become_32() -> None:
    model = parse("agraph (int64[2,3] x) => (int64[2,3] y) { y = Add(x, x) }")
    assert lower_model(model).io.outputs[0].dtype == "int32"
    assert check(model) == ["add"]


@pytest.mark.parametrize("op_type", ["Identity", "Transpose", "Dropout"])
def test_an_output_that_is_an_input(op_type: str) -> None:
    attributes: dict[str, Any] = {"perm": [0, 1, 2, 3]} if op_type == "Transpose" else {}
    nodes = [helper.make_node(op_type, ["x"], ["y"], **attributes), relu("x", "z")]
    model = graph_model(nodes, {"x": X}, ["y", "z"])
    assert [port.name for port in lower_model(model).io.outputs] == ["y", "z"]
    check(model)


def test_an_output_behind_what_computes_nothing_keeps_its_name() -> None:
    nodes = [relu("x", "a"), helper.make_node("Identity", ["a"], ["scores"])]
    model = graph_model(nodes, {"x": X}, ["scores"])
    assert lower_model(model).io.outputs[0].name == "scores"
    assert check(model) == ["relu"]


def test_an_output_that_is_another_one() -> None:
    nodes = [relu("x", "a"), helper.make_node("Identity", ["a"], ["b"])]
    model = graph_model(nodes, {"x": X}, ["a", "b"])
    assert [port.name for port in lower_model(model).io.outputs] == ["a", "b"]
    check(model)


def test_an_output_given_twice() -> None:
    model = graph_model([relu("x", "y")], {"x": X})
    model.graph.output.append(model.graph.output[0])
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "output y: it is an output already" in error.value.why


def test_an_output_that_is_constant() -> None:
    tensor = numpy_helper.from_array(rand(2, 3))
    nodes = [relu("x", "y"), helper.make_node("Constant", [], ["k"], value=tensor)]
    check(graph_model(nodes, {"x": X}, ["y", "k"]))


def test_initializers_listed_as_inputs() -> None:
    """As in files of before IR version 4."""
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    model = graph_model([node], {"x": X, "w": rand(2, 3, 1, 1)})
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, (2, 3, 1, 1)))
    assert [port.name for port in lower_model(model).io.inputs] == ["x"]
    assert check(model) == ["conv"]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 2e-3), (np.float64, 1e-5)])
def test_other_floating_types_become_float32(dtype: Any, tolerance: float) -> None:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    inputs = {"x": (3, 4), "w": rand(4, 5).astype(dtype), "b": rand(5).astype(dtype)}
    check(graph_model(nodes, inputs, dtype=kind), tolerance=tolerance)


def test_operators_on_constants_alone() -> None:
    """As in graphs that were not simplified."""
    nodes = [
        helper.make_node("Add", ["one", "two"], ["a"]),
        helper.make_node("Relu", ["k"], ["b"]),
        helper.make_node("Add", ["x", "a"], ["c"]),
        helper.make_node("Mul", ["c", "b"], ["y"]),
    ]
    constants = {"one": np.ones(5, np.float32), "two": rand(5), "k": rand(4, 1)}
    model = graph_model(nodes, {"x": X, **constants})
    assert check(model) == ["add", "mul"]


def network(unknown: str) -> onnx.ModelProto:
    """A network with several problems, one an operator whose result has no known shape."""
    model = onnx.parser.parse_model(
        f"""<ir_version: 10, opset_import: ["": 18, "com.example": 1]>
        agraph (float[1,3,8,8] x) => (float[1,3,8,8] y) {{
            a = Relu(x)
            b = {unknown}(a)
            c = Tanh(b)
            d = RandomNormalLike(a)
            e = Add(c, d)
            f = RandomUniformLike(e)
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
    assert found == [
        "Magic (n1): no Core ML lowering for this operator",
        "RandomNormalLike (n3): no Core ML lowering for this operator",
        "RandomUniformLike (n5): no Core ML lowering for this operator",
    ]
    assert error.value.what.startswith("3 parts of the network")


def test_problems_behind_one_of_known_shape_are_reported_too() -> None:
    model = network("com.example.Magic")
    model.graph.value_info.append(
        helper.make_tensor_value_info("b", TensorProto.FLOAT, (1, 3, 8, 8))
    )
    model.graph.node[2].CopyFrom(helper.make_node("RandomNormalLike", ["b"], ["c"], name="n2"))
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "RandomNormalLike (n2): no Core ML lowering" in error.value.why
    assert error.value.what.startswith("4 parts")


def test_a_single_problem() -> None:
    model = parse("agraph (float[3] x) => (float[3] y) { y = Mystery(x) }")
    with pytest.raises(UnsupportedError, match="A part of the network") as error:
        lower_model(model)
    assert error.value.why == "Mystery (y): no Core ML lowering for this operator"


@pytest.mark.parametrize(
    ("declaration", "why"),
    [
        ("float[N,3] x", "input x: the shape of x is not known before running"),
        ("float[0,3] x", "input x: x has no elements (shape [0, 3])"),
        (
            "float[1,1,1,1,1,1] x",
            "input x: a tensor of 6 axes; ML programs have at most 5",
        ),
        ("string[2,3] x", "input x: x has type string"),
        ("complex64[2,3] x", "input x: x has type complex64"),
    ],
)
def test_inputs_that_no_package_can_have(declaration: str, why: str) -> None:
    model = parse(f"agraph ({declaration}) => (float y) {{ y = Identity(x) }}")
    model.graph.output[0].ClearField("type")
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert error.value.why == why


def test_a_scalar_is_fed_as_a_vector() -> None:
    nodes = "y = Mul(x, k) z = Neg(k)"
    model = parse(f"agraph (float[2] x, float k) => (float[2] y, float z) {{ {nodes} }}")
    lowered = lower_model(model)
    assert [port.shape for port in lowered.io.inputs] == [(2,), (1,)]
    feeds = {"x": np.array([1, 2], np.float32), "k": np.array(3, np.float32)}
    check(model, feeds=feeds)


def test_integers_of_8_bits_are_fed_as_32() -> None:
    model = parse("agraph (uint8[3] x) => (float[3] y) { y = Cast<to = 1>(x) }")
    assert [port.dtype for port in lower_model(model).io.inputs] == ["int32"]
    check(model, feeds={"x": np.array([0, 200, 255], np.uint8)})


def test_nothing_is_left_of_a_lowering_that_gave_up() -> None:
    """Unrolled, a layer is what it would be had it been written so from the start."""
    body = 'y, h = RNN<hidden_size = 1, direction = "bidirectional">(x, w, r)'
    model = parse(
        "agraph (float[2,1,1] x) => (float[2,2,1,1] y, float[2,1,1] h)"
        " <float[2,1,1] w = {0.5, 2}, float[2,1,1] r = {1, -1}>"
        f" {{ {body} }}"
    )
    program = lower_model(model).program
    operations = program.functions["main"].operations
    unread = [
        one.op_type
        for one in operations
        if not any(v.child_ops or v in program.functions["main"].outputs for v in one.outputs)
    ]
    assert [kind for kind in unread if kind != "const"] == []
    check(model)


def test_a_tensor_of_too_many_axes() -> None:
    node = helper.make_node("Reshape", ["x", "s"], ["y"])
    model = graph_model([node], {"x": X, "s": np.array([1, 3, 2, 2, 5, 1])})
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "output y: a tensor of 6 axes" in error.value.why


def test_a_shape_that_is_known_only_when_running() -> None:
    model = parse("agraph (float[4] x, int64[2] s) => (float[A,B] y) { y = Reshape(x, s) }")
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "Reshape (y): the shape of y is not known before running" in error.value.why


def test_the_trace_names_what_each_variable_holds() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("HardSwish", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Identity", ["c"], ["d"]),
        helper.make_node("Softmax", ["d"], ["e"], axis=1),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["y"]),
    ]
    inputs = {"x": (1, 3, 6, 8), "w": rand(4, 3, 3, 3), "v": rand(48, 5)}
    names = ["a", "b", "c", "d", "e", "f", "y"]
    reference = graph_model(nodes, inputs, names)
    feeds = inputs_of(reference)
    expected = dict(zip(names, run_onnx(reference.SerializeToString(), [feeds])[0], strict=True))
    lowered = lower_model(graph_model(nodes, inputs))
    program = saved(lowered)
    computed = {variable.name for op in program.operations for variable in op.outputs}
    traced = {name: value for name, value in lowered.trace.items() if name in computed}
    assert set(traced.values()) == {"a", "b", "d", "e", "f", "y"}  # c is d
    found = run(program, feeds, keep=list(traced))
    for name, value in traced.items():
        np.testing.assert_allclose(found[name], expected[value], atol=1e-5)


def test_lowering_leaves_the_model_as_it_was() -> None:
    model = infer_shapes(ir.from_proto(network("com.example.Magic")))
    before = serialize(model)
    with pytest.raises(UnsupportedError):
        lower(model, 15)
    assert serialize(model) == before
