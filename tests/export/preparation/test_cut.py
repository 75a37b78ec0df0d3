"""Parts of networks compute what the whole does, in ONNX Runtime; wrong names are explained."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper, parser

from _edgeship.errors import InputError
from _edgeship.export.preparation.cut import cut

HEAD = '<ir_version: 8, opset_import: ["" : 17, "shop" : 1]>'

#: Two branches that meet again; `w` is an initializer and `two` a Constant.
DIAMOND = (
    HEAD
    + """
net (float[1,4] x, float[1,4] side) => (float[1,4] y, float[1,4] z) <float[4] w = {1, -2, 3, -4}> {
   [first] a = Mul(x, w)
   [left] b = Relu(a)
   [right] c = Neg(a)
   two = Constant<value = float {2}>()
   c2 = Mul(c, two)
   [join] d = Add(b, c2)
   [more] y = Add(d, side)
   z = Exp(side)
}
"""
)

FEEDS = {
    "x": np.array([[0.5, -1.5, 2, 3]], np.float32),
    "side": np.array([[1, 2, -1, 0.25]], np.float32),
}


def run(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [one.name for one in session.get_inputs()] == list(feeds)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))


def everything(text: str, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return every tensor of a network, as ONNX Runtime computes them in the whole."""
    model = parser.parse_model(text)
    names = {one.name for one in model.graph.output}
    made = [name for node in model.graph.node for name in node.output if name not in names]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    return feeds | run(model, feeds)


@pytest.mark.parametrize(
    ("inputs", "outputs", "fed", "nodes"),
    [
        ((), ("d",), ("x",), 6),
        ((), ("b", "a"), ("x",), 2),
        ((), ("z", "y"), ("x", "side"), 8),
        (("b", "c"), ("d",), ("b", "c"), 3),
        (("c", "b", "side"), (), ("c", "b", "side"), 5),
        (("d", "side"), ("y",), ("d", "side"), 1),
        (("a",), ("b",), ("a",), 1),
        (("a", "c"), ("c2", "b"), ("a", "c"), 3),
    ],
)
def test_a_part_computes_what_the_whole_does(inputs, outputs, fed, nodes):
    values = everything(DIAMOND, FEEDS)
    whole = parser.parse_model(DIAMOND)
    before = whole.SerializeToString()
    part = cut(whole, inputs, outputs)
    onnx.checker.check_model(part, full_check=True)
    assert len(part.graph.node) == nodes
    found = run(part, {name: values[name] for name in fed})
    assert list(found) == list(outputs or ("y", "z"))
    for name, array in found.items():
        np.testing.assert_array_equal(array, values[name])
    assert whole.SerializeToString() == before


def test_without_names_the_file_stays_as_it_is():
    whole = parser.parse_model(DIAMOND)
    assert cut(whole) is whole


def test_what_is_outside_is_gone_whatever_it_is():
    text = (
        HEAD
        + """
net (float[1,4] x) => (float[1,4] y) <float[4] w = {1, 2, 3, 4}, float[1] unused = {7}> {
   a = Relu(x)
   b = shop.Mystery(a, w)
   c = Neg(b)
   y = Exp(c)
}
"""
    )
    part = cut(parser.parse_model(text), outputs=["a"])
    assert [one.name for one in part.graph.initializer] == []
    assert [one.domain for one in part.opset_import] == [""]
    np.testing.assert_array_equal(run(part, {"x": FEEDS["x"]})["a"], [[0.5, 0, 2, 3]])

    # Nothing is known of what the unknown operator makes: float32 of any shape.
    part = cut(parser.parse_model(text), inputs=["b"])
    assert not part.graph.input[0].type.tensor_type.HasField("shape")
    np.testing.assert_allclose(run(part, {"b": FEEDS["x"]})["y"], np.exp(-FEEDS["x"]), rtol=1e-6)


def test_a_subgraph_reads_what_is_around_it():
    text = (
        HEAD
        + """
net (float[1,4] x, bool flag) => (float[1,4] y) <float[4] w = {1, 2, 3, 4}> {
   a = Mul(x, x)
   b = If (flag) <
      then_branch = yes () => (float[1,4] t) { inner = Add(a, w)  t = Neg(inner) },
      else_branch = no () => (float[1,4] e) { e = Identity(x) }
   >
   y = Relu(b)
}
"""
    )
    feeds = {"x": FEEDS["x"], "flag": np.array(True)}
    part = cut(parser.parse_model(text), outputs=["b"])
    assert [node.op_type for node in part.graph.node] == ["Mul", "If"]
    assert [one.name for one in part.graph.initializer] == ["w"]
    np.testing.assert_array_equal(run(part, feeds)["b"], everything(text, feeds)["b"])
    with pytest.raises(InputError, match="inner") as caught:
        cut(parser.parse_model(text), outputs=["inner"])
    assert "inside of a subgraph" in str(caught.value)
    with pytest.raises(InputError, match="need x beside a"):
        cut(parser.parse_model(text), inputs=["a", "flag"])


def test_functions_that_nothing_calls_are_left_out():
    text = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
net (float[1,4] x) => (float[1,4] y) { a = own.double(x)  y = own.square(a) }
<domain: "own", opset_import: ["" : 17]> double (v) => (r) { r = Add(v, v) }
<domain: "own", opset_import: ["" : 17]> square (v) => (r) { r = Mul(v, v) }
"""
    part = cut(parser.parse_model(text), outputs=["a"])
    assert [one.name for one in part.functions] == ["double"]
    np.testing.assert_array_equal(run(part, {"x": FEEDS["x"]})["a"], 2 * FEEDS["x"])


def test_the_shape_of_a_new_input_is_inferred_from_the_whole():
    text = (
        HEAD
        + """
net (float[N,3,8,8] x) => (float[N,5] y) <int64[2] to = {-1, 48}> {
   a = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)
   b = Reshape(a, to)
   y = Softmax(b)
}
"""
    )
    part = cut(parser.parse_model(text), inputs=["a"], outputs=["b"])
    extents = part.graph.input[0].type.tensor_type.shape.dim
    assert [one.dim_param or one.dim_value for one in extents] == ["N", 3, 4, 4]


def test_initializers_that_old_files_list_as_inputs_come_along():
    model = parser.parse_model(DIAMOND)
    model.ir_version = 3
    model.opset_import[0].version = 8
    model.graph.input.append(onnx.helper.make_tensor_value_info("w", onnx.TensorProto.FLOAT, [4]))
    part = cut(model, outputs=["b"])
    assert [one.name for one in part.graph.input] == ["x", "w"]
    session = onnxruntime.InferenceSession(part.SerializeToString())
    np.testing.assert_array_equal(session.run(None, {"x": FEEDS["x"]})[0], [[0.5, 3, 6, 0]])


def test_a_name_may_have_a_comma():
    model = parser.parse_model(DIAMOND)
    model.graph.node[1].output[0] = "left,relu"
    model.graph.node[5].input[0] = "left,relu"
    part = cut(model, outputs=["d", "left", "relu", "a"])
    assert [one.name for one in part.graph.output] == ["d", "left,relu", "a"]


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentences"),
    [
        ((), ("c3",), ["no tensor 'c3'", "did you mean c?", "inspect FILE.onnx --tensors"]),
        ((), ("join",), ["no tensor 'join'", "a node (Add) is called so", "--outputs d"]),
        ((), ("w",), ["w of --outputs is a constant"]),
        (("w",), (), ["w of --inputs is a constant"]),
        ((), ("two",), ["two cannot be an output", "it is a constant"]),
        ((), ("x",), ["x cannot be an output", "it is an input"]),
        (("b",), ("b",), ["b cannot be an output", "it is an input"]),
        ((), ("b", "b"), ["--outputs names b twice"]),
        (("b",), ("d",), ["need x beside b", "--inputs b,x"]),
        (("a",), (), ["need side beside a"]),
        (("d", "side", "b"), ("y",), ["do not depend on b"]),
        (("side",), ("z", "b"), ["need x beside side"]),
    ],
)
def test_what_cannot_be_cut_is_explained(inputs, outputs, sentences):
    with pytest.raises(InputError) as caught:
        cut(parser.parse_model(DIAMOND), inputs, outputs)
    for sentence in sentences:
        assert sentence in str(caught.value)


def test_weights_are_not_copied_that_are_not_needed():
    model = parser.parse_model(DIAMOND)
    large = numpy_helper.from_array(np.zeros((256, 256), np.float32), "large")
    model.graph.initializer.append(large)
    assert cut(model, outputs=["b"]).ByteSize() < 1000
