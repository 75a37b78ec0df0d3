"""What preparation refuses: files that make no sense, and what no target can be asked for."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, int64, model, node, normal


@pytest.mark.parametrize(
    ("nodes", "where", "op"),
    [
        ([node("NonZero", "a", "y")], "the_y", "NonZero"),
        ([node("Cast", "a", "c", to=7), node("Reshape", "x c", "y")], "the_y", "Reshape"),
        ([node("Resize", "x _ a", "y")], "the_y", "Resize"),
        ([node("Cast", "a", "c", to=7), node("Expand", "x c", "y")], "the_y", "Expand"),
        ([node("Cast", "a", "c", to=9), node("Compress", "x c", "y", axis=1)], "the_y", "Compress"),
        ([node("Unique", "a", "y")], "the_y", "Unique"),
    ],
)
def test_shapes_that_depend_on_the_data_are_named(nodes, where, op):
    proto = model([node("Relu", "x", "a"), *nodes], {"x": [4]}, "y")
    with pytest.raises(UnsupportedError, match=f"{op} makes shapes depend on the data") as caught:
        prepare(proto)
    assert caught.value.where == f"node {where}"
    assert caught.value.todo


def test_operators_that_nobody_knows_are_named_with_their_domain():
    proto = model(
        [node("Relu", "x", "a"), node("Sparkle", "a", "y", domain="example")],
        {"x": [1, 3]},
        "y",
        domains=["example"],
    )
    with pytest.raises(UnsupportedError, match=r"example\.Sparkle") as caught:
        prepare(proto)
    assert caught.value.where == "node the_y"


def test_tensors_that_no_file_can_hold_are_refused():
    proto = model(
        [node("Expand", "x shape", "y")], {"x": [1, 1]}, "y", {"shape": int64(60000, 60000)}
    )
    with pytest.raises(InputError, match="2 GiB"):
        prepare(proto)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda graph: graph.node[0].input.__setitem__(0, "nobody"), "nobody"),
        (lambda graph: graph.node[0].input.__setitem__(0, "y"), "circle"),
        (lambda graph: graph.node[1].output.__setitem__(0, "a"), "a is given twice"),
        (lambda graph: graph.output[0].__setattr__("name", "z"), "its output z"),
        (lambda graph: graph.node[0].input.__setitem__(1, ""), "left out"),
        (lambda graph: graph.initializer[0].dims.__setitem__(0, 5), "c"),
        (lambda graph: graph.initializer[0].dims.__setitem__(0, -1), "c"),
        (lambda graph: graph.output.pop(), "outputs"),
        (lambda graph: graph.initializer[0].__setattr__("raw_data", b"abc"), "c"),
    ],
)
def test_files_that_do_not_hang_together(spoil, why):
    proto = model(
        [node("Add", "x c", "a"), node("Relu", "a", "y")], {"x": [1, 3]}, "y", {"c": normal(3)}
    )
    spoil(proto.graph)
    with pytest.raises(InputError) as caught:
        prepare(proto)
    assert why in caught.value.why


def test_attributes_of_the_wrong_kind_are_the_files_fault():
    proto = model([node("Cast", "x", "y", to=7)], {"x": [1, 3]}, "y")
    proto.graph.node[0].attribute[0].CopyFrom(onnx.helper.make_attribute("to", "seven"))
    with pytest.raises(InputError):
        prepare(proto)


def test_a_window_larger_than_the_image_is_refused_or_rounded_up():
    attributes = {"kernel_shape": [2, 3], "strides": [2, 2]}
    proto = model([node("MaxPool", "x", "y", **attributes)], {"x": (1, 2, 8, 2)}, "y")
    with pytest.raises(InputError, match="a window of 3 is larger than 2 with pads of 0"):
        prepare(proto)
    proto = model([node("MaxPool", "x", "y", ceil_mode=1, **attributes)], {"x": (1, 2, 8, 2)}, "y")
    checked(proto, {"x": normal(1, 2, 8, 2)})


def test_a_flag_that_is_neither_0_nor_1_is_refused_by_name():
    proto = model([node("TopK", "x k", "y i", largest=100)], {"x": (1, 4)}, "y i", {"k": int64(2)})
    proto.graph.initializer[0].dims[:] = [1]
    with pytest.raises(InputError, match="its attribute largest is 100") as caught:
        prepare(proto)
    assert "the_y" in caught.value.where


def test_a_cast_to_a_type_that_does_not_exist_is_refused():
    proto = model([node("Cast", "x", "y", to=100)], {"x": (1, 4)}, "y")
    with pytest.raises(InputError, match="its attribute to is 100, and no type of ONNX"):
        prepare(proto)


def test_texts_that_are_no_utf8_are_refused():
    proto = model([node("Relu", "x", "y")], {"x": (1, 4)}, "y")
    proto.graph.name = "a network"
    data = proto.SerializeToString().replace(b"a network", b"a net\x87ork")
    with pytest.raises(InputError, match=r"its name b'a net\\x87ork' is no text"):
        prepare(onnx.ModelProto.FromString(data))


@pytest.mark.parametrize(
    ("op", "attributes", "says"),
    [
        ("Softmax", {"axis": 2**40}, "axis is 1099511627776, which takes more than 32 bits"),
        ("MaxPool", {"kernel_shape": [1], "auto_pad": "SAME"}, "auto_pad is 'SAME', and not one"),
        ("DepthToSpace", {"blocksize": 2, "mode": b"\xff"}, r"mode is b'\\xff', and not one"),
        ("LeakyRelu", {"alpha": float("nan")}, "alpha is not a number"),
        ("MaxPool", {"kernel_shape": [1], "strides": [2**40]}, "strides has 1099511627776, which"),
    ],
)
def test_attributes_that_runtimes_read_in_their_own_ways_are_refused(op, attributes, says):
    proto = model([node(op, "x", "y", **attributes)], {"x": (1, 4, 3)}, "y")
    with pytest.raises(InputError, match=says):
        prepare(proto)


def test_a_dropout_whose_flag_is_several_is_refused():
    constants = {"ratio": np.float32(0.5), "training": np.array([True, True])}
    proto = model([node("Dropout", "x ratio training", "y")], {"x": (2, 3)}, "y", constants)
    with pytest.raises(InputError, match="training_mode of Dropout must be a scalar"):
        prepare(proto)


def test_an_axis_that_an_old_softmax_does_not_have_is_refused():
    proto = model([node("Softmax", "x", "y", axis=-100)], {"x": (2, 3)}, "y", opset=11)
    with pytest.raises(InputError, match="Softmax does not fit its inputs") as caught:
        prepare(proto)
    assert "it has no axis -" in caught.value.why


def test_an_extent_below_zero_is_refused():
    proto = model([node("Expand", "x s", "y")], {"x": (3, 4)}, "y", {"s": np.array([-2, 3, 4])})
    with pytest.raises(InputError, match="Expand does not fit its inputs") as caught:
        prepare(proto)
    assert "y would have the shape (-2, 3, 4)" in caught.value.why


@pytest.mark.parametrize(
    ("op", "inputs", "shape"),
    [
        ("PRelu", "x c", (1, 3, 4)),
        ("PRelu", "x c", (2, 1, 4)),
        ("Gemm", "x w c", (1, 3, 4)),
        ("LayerNormalization", "x w c", (1, 1, 4)),
    ],
)
def test_what_would_stretch_the_output_is_refused(op, inputs, shape):
    constants = {"c": normal(*shape), "w": np.ones((4, 4) if op == "Gemm" else 4, np.float32)}
    proto = model([node(op, inputs, "y")], {"x": (3, 4)}, "y", constants)
    with pytest.raises(InputError, match=f"{op} does not fit its inputs") as caught:
        prepare(proto)
    assert "c does not broadcast to (3, 4)" in caught.value.why


@pytest.mark.parametrize(
    ("op", "inputs", "shape"),
    [
        ("PRelu", "x c", (3, 1)),
        ("PRelu", "x c", ()),
        ("Gemm", "x w c", (3, 1)),
        ("Gemm", "x w c", (4,)),
        ("LayerNormalization", "x w c", (1, 4)),
    ],
)
def test_what_broadcasts_to_the_output_is_taken(op, inputs, shape):
    constants = {"c": normal(*shape), "w": np.ones((4, 4) if op == "Gemm" else 4, np.float32)}
    checked(model([node(op, inputs, "y")], {"x": (3, 4)}, "y", constants), {"x": normal(3, 4)})
