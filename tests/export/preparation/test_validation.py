"""Files that contradict themselves are refused before any stage trusts them, in words."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest
from onnx import AttributeProto, GraphProto, TensorProto, helper

from _edgeship.errors import InputError
from _edgeship.export.preparation import validation
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.preparation.validation import validate
from tests.export.preparation.graphs import model, node, normal


def _model() -> onnx.ModelProto:
    """A Softmax with an attribute, of a sum with a constant."""
    nodes = [node("Add", "x c", "a"), node("Softmax", "a", "y", axis=1)]
    return model(nodes, {"x": [1, 3]}, "y", {"c": normal(1, 3)})


def _nested(depth: int) -> onnx.ModelProto:
    """A branch in a branch in a branch."""

    def leaf() -> GraphProto:
        value = node("Constant", "", "inner", value_float=1.0)
        port = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [])
        return helper.make_graph([value], "leaf", [], [port])

    body = leaf()
    for _ in range(depth - 1):
        branch = node("If", "truth", "inner", then_branch=body, else_branch=leaf())
        body = helper.make_graph([branch], "around", [], list(leaf().output))
    proto = _model()
    proto.graph.node.extend(body.node)
    proto.graph.initializer.append(helper.make_tensor("truth", TensorProto.BOOL, [], [True]))
    return proto


def test_a_sound_file_is_taken_as_it_is() -> None:
    proto = _model()
    before = proto.SerializeToString()
    validate(proto)
    assert proto.SerializeToString() == before
    validate(_nested(validation.DEEPEST))


def _two_constants(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(proto.graph.initializer[0])


def _two_versions(proto: onnx.ModelProto) -> None:
    proto.opset_import.add(domain="", version=13)


def _two_attributes(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].attribute.append(proto.graph.node[1].attribute[0])


def _two_types(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].attribute[0].floats.append(3.0)


def _other_type(proto: onnx.ModelProto) -> None:
    attribute = helper.make_attribute("axis", [1])
    proto.graph.node[1].attribute[0].CopyFrom(attribute)


def _below_zero(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -1


def _beyond_32_bits(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = 2**31


def _product_beyond_64_bits(proto: onnx.ModelProto) -> None:
    del proto.graph.initializer[0].dims[:]
    proto.graph.initializer[0].dims.extend([2**30, 2**30, 2**4])


def _constant_in_an_attribute(proto: onnx.ModelProto) -> None:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[2**30, 2**30])
    proto.graph.node.append(helper.make_node("Constant", [], ["d"], value=tensor))


def _other_size(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[1] = 5


def _output_without_a_name(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].name = ""


def _input_twice(proto: onnx.ModelProto) -> None:
    proto.graph.input.append(proto.graph.input[0])


def _version_zero(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 0


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (_two_constants, "two constants called c"),
        (_two_versions, "two versions of the operators ai.onnx"),
        (_two_attributes, "Softmax the_y has two attributes called axis"),
        (_two_types, "the attribute axis of Softmax the_y is of two types"),
        (_other_type, "attribute axis is of the type ints, and not int"),
        (_below_zero, r"the tensor c has the shape \[-1, 3\]"),
        (_beyond_32_bits, r"the tensor c has the shape \[2147483648, 3\]"),
        (_product_beyond_64_bits, r"the tensor c has the shape \[1073741824, 1073741824, 16\]"),
        (_constant_in_an_attribute, "the tensor value of Constant d has the shape"),
        (_other_size, r"the tensor c of shape \[1, 5\] has 12 bytes instead of 20"),
        (_output_without_a_name, "an output of it has no name"),
        (_input_twice, "it has two inputs called x"),
        (_version_zero, "its version 0 of operators is none"),
    ],
)
def test_what_contradicts_itself(damage: Callable[[onnx.ModelProto], None], why: str) -> None:
    proto = _model()
    damage(proto)
    with pytest.raises(InputError) as caught:
        prepare(proto)
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(caught.value.why)


def test_graphs_that_are_too_deep() -> None:
    with pytest.raises(InputError) as caught:
        validate(_nested(validation.DEEPEST + 1))
    assert caught.value.why == "its graphs lie 17 deep in one another; 16 is the most"


def test_nodes_that_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "MOST_NODES", 1)
    with pytest.raises(InputError) as caught:
        validate(_model())
    assert caught.value.why == "it has more than 1 nodes"


def test_an_attribute_without_a_type_is_that_of_old_files() -> None:
    proto = _model()
    proto.graph.node[1].attribute[0].type = AttributeProto.UNDEFINED
    validate(proto)
