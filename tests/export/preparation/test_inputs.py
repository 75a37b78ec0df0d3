"""How the inputs of an ONNX file get their shapes."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.onnx_graph import input_shapes
from _edgeship.export.preparation.inputs import OPEN_BATCH
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, model, node, normal


def relu(shape):
    return model([node("Relu", "x", "y")], {"x": shape}, "y")


@pytest.mark.parametrize("symbol", ["?", "N", -1, 0, None, "unk__0", "p2o.DynamicDimension.0"])
def test_an_open_batch_is_taken_as_one_with_a_note(symbol):
    prepared = prepare(relu([symbol, 3, 4, 4]))
    assert input_shapes(prepared.model) == {"x": (1, 3, 4, 4)}
    assert tuple(prepared.model.graph.outputs[0].shape) == (1, 3, 4, 4)
    assert "--input 1,3,4,4" in prepared.notes[0]
    assert prepared.model.metadata_props[OPEN_BATCH] == "x"


def test_a_batch_that_the_file_leaves_open_is_known_where_it_is_given():
    prepared = prepare(relu(["N", 3]), [(2, 3)])
    assert input_shapes(prepared.model) == {"x": (2, 3)}
    assert prepared.notes == ()
    assert prepared.model.metadata_props[OPEN_BATCH] == "x"
    assert OPEN_BATCH not in prepare(relu([1, 3])).model.metadata_props


def test_other_open_axes_are_named_all_at_once_with_an_example():
    proto = model(
        [node("Relu", "x", "y"), node("Relu", "mask", "z")],
        {"x": ["N", 3, "height", "width"], "mask": [1, "length"]},
        "y z",
    )
    with pytest.raises(InputError) as caught:
        prepare(proto)
    assert "x (N, 3, height, width)" in caught.value.what
    assert "mask (1, length)" in caught.value.what
    assert "--input 1,3,224,224 --input 1,16" in caught.value.todo
    given = prepare(proto, {"x": (1, 3, 8, 8), "mask": (1, 5)})
    assert input_shapes(given.model) == {"x": (1, 3, 8, 8), "mask": (1, 5)}


def test_the_example_of_pictures_with_channels_last():
    with pytest.raises(InputError) as caught:
        prepare(relu([1, "h", "w", 3]))
    assert "--input 1,224,224,3" in caught.value.todo


def test_only_open_inputs_need_a_shape():
    proto = model(
        [node("Relu", "x", "y"), node("Relu", "n", "z")], {"x": [1, "h"], "n": [2, 3]}, "y z"
    )
    assert input_shapes(prepare(proto, [(1, 7)]).model) == {"x": (1, 7), "n": (2, 3)}


def test_a_declared_shape_gives_way_to_the_users_with_a_note():
    # Declared as 10x3x8x8, though nothing in the graph depends on it.
    prepared = checked(
        model([node("Conv", "x w", "y")], {"x": [10, 3, 8, 8]}, "y", {"w": normal(4, 3, 3, 3)}),
        {"x": normal(10, 3, 8, 8)},
    )
    assert prepared.notes == ()
    proto = model([node("Conv", "x w", "y")], {"x": [10, 3, 8, 8]}, "y", {"w": normal(4, 3, 3, 3)})
    prepared = prepare(proto, [(1, 3, 20, 20)])
    assert tuple(prepared.model.graph.outputs[0].shape) == (1, 4, 18, 18)
    assert "declares its input x (10, 3, 8, 8)" in prepared.notes[0]


def test_a_shape_that_the_graph_cannot_take_names_the_node():
    proto = model([node("Conv", "x w", "y")], {"x": [1, 3, 8, 8]}, "y", {"w": normal(4, 3, 3, 3)})
    with pytest.raises(InputError) as caught:
        prepare(proto, [(1, 4, 8, 8)])
    assert caught.value.where == "node the_y"
    assert "1x4x8x8" in caught.value.why


def test_another_rank_is_refused():
    with pytest.raises(InputError, match="does not fit the input x"):
        prepare(relu([1, 3]), [(1, 3, 4)])


def test_too_many_shapes():
    with pytest.raises(InputError, match="has 1 inputs"):
        prepare(relu([1, 3]), [(1, 3), (1, 3)])


def test_an_input_of_unknown_rank_needs_a_shape():
    proto = relu([1])
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(InputError, match="unknown rank"):
        prepare(proto)
    assert input_shapes(prepare(proto, [(2, 3)]).model) == {"x": (2, 3)}


def test_scalars_are_inputs():
    assert input_shapes(checked(relu([]), {"x": np.float32(-2)}).model) == {"x": ()}


def test_initializers_that_are_listed_as_inputs_are_none():
    weight = normal(4, 3)
    proto = model([node("MatMul", "x w", "y")], {"x": [1, 4], "w": [4, 3]}, "y", {"w": weight})
    proto.ir_version = 3
    prepared = checked(proto, {"x": normal(1, 4)})
    assert input_shapes(prepared.model) == {"x": (1, 4)}
    assert [value.name for value in prepared.model.graph.inputs] == ["x"]


def test_files_newer_than_the_runtime_are_taken():
    proto = relu([1, 3])
    proto.ir_version = 14
    assert prepare(proto).model.ir_version <= 10
    assert proto.ir_version == 14


def test_no_inputs():
    proto = model([node("Relu", "c", "y")], {}, "y", {"c": normal(2)})
    with pytest.raises(InputError, match="has no inputs"):
        prepare(proto)


def test_inputs_that_are_no_numbers():
    text = model([node("Identity", "x", "y")], {"x": [2]}, "y", dtype=TensorProto.STRING)
    with pytest.raises(UnsupportedError, match="holds text"):
        prepare(text)
    sequence = model([node("SequenceLength", "x", "y")], {"x": [2]}, "y")
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, (2,))
    sequence.graph.input[0].type.CopyFrom(helper.make_sequence_type_proto(tensor))
    with pytest.raises(UnsupportedError, match="not a tensor"):
        prepare(sequence)


def test_inputs_larger_than_any_file():
    with pytest.raises(InputError, match=r"take 13\.4 GiB; 256 MiB is the most"):
        prepare(relu([1, "h", "w"]), [(1, 60000, 60000)])


def test_shapes_that_a_file_declares_for_inner_values_do_not_bind():
    proto = model([node("Relu", "x", "a"), node("Relu", "a", "y")], {"x": [1, 3]}, "y")
    proto.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, [7, 9]))
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [7, 9]))
    assert tuple(prepare(proto).model.graph.outputs[0].shape) == (1, 3)
