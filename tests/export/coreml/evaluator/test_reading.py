from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator import read_program, run
from _edgeship.export.coreml.evaluator.mil.program import Feature, ImagePort, Variable
from tests.export.coreml.evaluator.building import (
    MODEL,
    WEIGHTS,
    Files,
    argument,
    block_of,
    changed,
    constant,
    operator,
    rand,
    saved,
)

WEIGHT = rand(4, 3, 3, 3)


def network(x: Any) -> Any:
    """A convolution, global average pooling and softmax."""
    from coremltools.converters.mil import Builder

    y = Builder.relu(x=Builder.conv(x=x, weight=WEIGHT, pad_type="same", name="conv"))
    return Builder.softmax(x=Builder.reduce_mean(x=y, axes=[2, 3]), axis=1, name="y")


@pytest.fixture(scope="module")
def files() -> Files:
    return saved(network, {"x": (1, 3, 6, 5)})


@pytest.fixture(scope="module")
def classifier() -> Files:
    import coremltools as ct

    labels = ["ape", "bee", "cat", "dog"]
    return saved(
        network,
        {"x": (1, 3, 6, 5)},
        ios=16,
        half=True,
        inputs=[ct.ImageType(name="x", shape=(1, 3, 6, 5), color_layout=ct.colorlayout.BGR)],
        classifier_config=ct.ClassifierConfig(labels, predicted_feature_name="animal"),
    )


def test_a_package(files: Files) -> None:
    program = read_program(files)
    assert (program.specification_version, program.opset) == (6, "CoreML5")
    assert program.inputs == (Feature("x", "float32", (1, 3, 6, 5)),)
    assert [(one.name, one.dtype) for one in program.outputs] == [("y", "float32")]
    assert program.variables == (Variable("x", "fp32", (1, 3, 6, 5)),)
    assert program.results == ("y",)
    kinds = [one.kind for one in program.operations if one.kind != "const"]
    assert kinds == ["conv", "relu", "reduce_mean", "softmax"]
    assert (program.labels, program.predicted_feature) == ((), "")
    assert program.metadata["com.github.apple.coremltools.version"]


def test_its_constants(files: Files) -> None:
    program = read_program(files)
    constants = {one.outputs[0].name: one for one in program.operations if one.kind == "const"}
    conv = next(one for one in program.operations if one.kind == "conv")
    values = {
        parameter: constants[names[0]].attributes["val"]
        for parameter, names in conv.inputs.items()
        if parameter != "x"
    }
    np.testing.assert_array_equal(values["weight"], WEIGHT)
    assert values["pad_type"] == "same"
    np.testing.assert_array_equal(values["strides"], [1, 1])
    assert np.asarray(values["strides"]).dtype == np.int32
    assert np.asarray(values["groups"]).shape == ()
    weight = constants[conv.inputs["weight"][0]]
    assert weight.dtypes["val"] == "fp32"
    assert weight.outputs[0].shape == (4, 3, 3, 3)


def test_images_and_classes(classifier: Files) -> None:
    program = read_program(classifier)
    (picture,) = program.inputs
    assert (picture.dtype, picture.shape) == ("image", (1, 3, 6, 5))
    assert picture.image == ImagePort("BGR", width=5, height=6)
    assert program.labels == ("ape", "bee", "cat", "dog")
    assert program.predicted_feature == "animal"
    assert [one.dtype for one in program.outputs] == ["string", "dictionary"]
    results = run(program, {"x": rand(1, 3, 6, 5)})
    probabilities = results[program.outputs[1].name]
    assert abs(float(probabilities.sum()) - 1) < 1e-3
    assert results["animal"].item() == program.labels[int(probabilities.argmax())]


def without(files: Files, name: str) -> Files:
    return {key: data for key, data in files.items() if key != name}


def manifest(files: Files, **changes: Any) -> Files:
    return {
        **files,
        "Manifest.json": json.dumps(json.loads(files["Manifest.json"]) | changes).encode(),
    }


def test_packages_that_are_none(files: Files) -> None:
    for broken, why in [
        (without(files, "Manifest.json"), "not a Core ML package"),
        (without(files, MODEL), "lacks its model"),
        (without(files, WEIGHTS), "lacks a file of weights"),
        ({**files, "Manifest.json": b"{"}, "names no model"),
        ({**files, "Manifest.json": b"[]"}, "names no model"),
        ({**files, "Manifest.json": b"[" * 100_000}, "names no model"),
        ({**files, "Manifest.json": b"\xff\xfe\x00"}, "names no model"),
        ({**files, "Manifest.json": b" " * 2_000_000}, "too large"),
        (manifest(files, rootModelIdentifier="other"), "names no model"),
        (manifest(files, rootModelIdentifier=[]), "names no model"),
        (manifest(files, rootModelIdentifier=9, itemInfoEntries=""), "names no model"),
        (manifest(files, rootModelIdentifier=9, itemInfoEntries=[]), "names no model"),
        (
            manifest(files, itemInfoEntries={"a": {"path": "../x"}}, rootModelIdentifier="a"),
            "lacks",
        ),
        ({**files, MODEL: files[MODEL][:-7]}, "damaged"),
        ({**files, MODEL: b"not protobuf"}, "damaged"),
        ({**files, WEIGHTS: files[WEIGHTS][:70]}, "weights .* damaged"),
        ({**files, WEIGHTS: b""}, "weights .* damaged"),
    ]:
        with pytest.raises(InputError, match=why):
            read_program(broken)


def test_other_models_are_named(files: Files) -> None:
    def neural_network(model: Any) -> None:
        model.neuralNetwork.SetInParent()

    with pytest.raises(UnsupportedError, match="neuralNetwork"):
        read_program(changed(files, neural_network))


def test_weights_may_lie_under_any_name(files: Files) -> None:
    def rename(model: Any) -> None:
        for one in block_of(model).operations:
            for value in one.attributes.values():
                if value.WhichOneof("value") == "blobFileValue":
                    value.blobFileValue.fileName = "@model_path/other/w"

    moved = without(files, WEIGHTS) | {"Data/com.apple.CoreML/other/w": files[WEIGHTS]}
    assert len(read_program(changed(moved, rename)).operations) > 4


def _swap_order(model: Any) -> None:
    operations = block_of(model).operations
    conv, relu = operator(model, "conv"), operator(model, "relu")
    kept = type(conv)()
    kept.CopyFrom(conv)
    conv.CopyFrom(relu)
    relu.CopyFrom(kept)
    assert len(operations) > 4


def _twice(model: Any) -> None:
    block_of(model).operations.add().CopyFrom(operator(model, "relu"))


def _rename_result(model: Any) -> None:
    block_of(model).outputs[0] = "z"


def _rename_feature(model: Any) -> None:
    model.description.output[0].name = "z"


def _other_opset(model: Any) -> None:
    model.mlProgram.functions["main"].opset = "CoreML7"


def _other_function(model: Any) -> None:
    model.mlProgram.functions["other"].CopyFrom(model.mlProgram.functions["main"])
    del model.mlProgram.functions["main"]


def _unbound(model: Any) -> None:
    del operator(model, "relu").inputs["x"].arguments[:]


def _fewer_values(model: Any) -> None:
    del argument(model, operator(model, "conv"), "strides").immediateValue.tensor.ints.values[1]


def _huge_shape(model: Any) -> None:
    value = argument(model, operator(model, "conv"), "strides")
    value.type.tensorType.dimensions[0].constant.size = 2**62


def _open_shape(model: Any) -> None:
    value = argument(model, operator(model, "conv"), "strides")
    value.type.tensorType.dimensions[0].unknown.variadic = False


def _other_weight_shape(model: Any) -> None:
    value = argument(model, operator(model, "conv"), "weight")
    value.type.tensorType.dimensions[0].constant.size = 5


def _no_value(model: Any) -> None:
    argument(model, operator(model, "conv"), "strides").ClearField("immediateValue")


def _other_offset(model: Any) -> None:
    argument(model, operator(model, "conv"), "weight").blobFileValue.offset = 2**63


def _string_in_file(model: Any) -> None:
    value = argument(model, operator(model, "conv"), "weight")
    value.type.tensorType.dataType = 2


def _too_large_for_type(model: Any) -> None:
    value = argument(model, operator(model, "conv"), "strides")
    value.type.tensorType.dataType = 22  # int16
    value.immediateValue.tensor.ints.values[0] = 99_999


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_swap_order, "not computed"),
        (_twice, "a second time"),
        (_rename_result, "returns 'z'"),
        (_rename_feature, "describes 'z'"),
        (_other_opset, "no code"),
        (_other_function, "no function 'main'"),
        (_unbound, "bound to nothing"),
        (_fewer_values, "constant is damaged"),
        (_huge_shape, "constant is damaged"),
        (_open_shape, "no shape"),
        (_other_weight_shape, "do not fill"),
        (_no_value, "no value"),
        (_other_offset, "lies outside"),
        (_string_in_file, "string cannot"),
        (_too_large_for_type, "does not fit into int16"),
    ],
)
def test_programs_that_contradict_themselves(
    files: Files, change: Callable[[Any], None], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        read_program(changed(files, change))


def test_types_that_numpy_does_not_have(files: Files) -> None:
    def brain_float(model: Any) -> None:
        argument(model, operator(model, "conv"), "strides").type.tensorType.dataType = 13

    with pytest.raises(UnsupportedError, match="bf16"):
        read_program(changed(files, brain_float))


def test_constants_within_a_list(files: Files) -> None:
    """An input bound to several things, a constant in place among them."""

    def add_concat(model: Any) -> None:
        operations = block_of(model).operations
        softmax = operator(model, "softmax")
        source = softmax.inputs["x"].arguments[0].name
        one = type(softmax)(type="concat")
        values = one.inputs["values"].arguments
        values.add(name=source)
        values.add().value.CopyFrom(argument(model, operator(model, "conv"), "strides"))
        one.outputs.add().CopyFrom(softmax.outputs[0])
        one.outputs[0].name = "extra"
        operations.add().CopyFrom(one)

    *_, constant_, concat = read_program(changed(files, add_concat)).operations
    assert constant_.kind == "const"
    assert concat.inputs["values"][1] == constant_.outputs[0].name
    np.testing.assert_array_equal(np.asarray(constant_.attributes["val"]), [1, 1])


@pytest.mark.parametrize(
    ("code", "data", "expected"),
    [
        (25, b"\x78", np.array([-8, 7], np.int8)),  # int4
        (37, b"\x02", np.array([0, 1], np.uint8)),  # uint1
        (38, b"\x41\x00", np.array([1, 1], np.uint8)),  # uint6
        (21, b"\xff\x01", np.array([-1, 1], np.int8)),  # int8
        (33, b"\1\0\0\0\2\0\0\0", np.array([1, 2], np.uint32)),  # uint32
        (10, b"\x00\x3c\x00\xc0", np.array([1, -2], np.float16)),  # fp16
    ],
)
def test_constants_stored_as_bytes(
    files: Files, code: int, data: bytes, expected: np.ndarray
) -> None:
    def store(model: Any) -> None:
        value = argument(model, operator(model, "conv"), "strides")
        value.type.tensorType.dataType = code
        value.immediateValue.tensor.bytes.values = data

    name = ""

    def find(model: Any) -> None:
        nonlocal name
        name = operator(model, "conv").inputs["strides"].arguments[0].name
        assert constant(model, name).immediateValue.tensor.ints.values

    changed(files, find)
    program = read_program(changed(files, store))
    found = next(one for one in program.operations if one.outputs[0].name == name)
    array = np.asarray(found.attributes["val"])
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)


def test_of_several_functions_the_default_one_is_read(files: Files) -> None:
    def second(model: Any) -> None:
        model.mlProgram.functions["other"].CopyFrom(model.mlProgram.functions["main"])
        del operator(model, "relu").inputs["x"]
        model.description.defaultFunctionName = "other"
        described = model.description.functions.add(name="other")
        described.input.extend(model.description.input)
        described.output.extend(model.description.output)
        del model.description.input[:]
        del model.description.output[:]

    program = read_program(changed(files, second))
    relu = next(one for one in program.operations if one.kind == "relu")
    assert "x" in relu.inputs
    assert [one.name for one in program.outputs] == ["y"]
