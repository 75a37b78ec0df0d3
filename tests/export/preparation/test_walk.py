"""Shapes, types and constants of prepared graphs, against ONNX Runtime on the original."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, compare, int64, model, node, normal, operators


def test_sizes_that_shape_nodes_compute_become_constants():
    # Exporters write interpolate(x, size=2 * x.shape[2:]) and flatten so.
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("Slice", "shape zero two zero", "head"),
            node("Slice", "shape two four zero", "tail"),
            node("Mul", "tail two", "larger"),
            node("Concat", "head larger", "sizes", axis=0),
            node("Resize", "x _ _ sizes", "up", mode="nearest"),
            node("Shape", "up", "s"),
            node("Gather", "s zero", "n"),
            node("Concat", "n minus", "flat", axis=0),
            node("Reshape", "up flat", "y"),
        ],
        {"x": ["n", 3, "h", "w"]},
        "y",
        {"zero": int64(0), "two": int64(2), "four": int64(4), "minus": int64(-1)},
    )
    prepared = checked(proto, {"x": normal(1, 3, 4, 5)}, [(1, 3, 4, 5)])
    assert operators(prepared) == {"Resize": 1, "Reshape": 1}
    assert "sizes" in prepared.model.graph.initializers


def test_long_chains_of_shapes_that_depend_on_one_another():
    nodes, last = [], "x"
    for step in range(12):
        nodes += [
            node("Shape", last, f"shape{step}"),
            node("Gather", f"shape{step} one", f"extent{step}"),
            node("Cast", f"extent{step}", f"float{step}", to=TensorProto.FLOAT),
            node("Mul", f"float{step} ratio", f"scaled{step}"),
            node("Floor", f"scaled{step}", f"floor{step}"),
            node("Cast", f"floor{step}", f"int{step}", to=TensorProto.INT64),
            node("Concat", f"one_row int{step}", f"target{step}", axis=0),
            node("Expand", f"column target{step}", f"wide{step}"),
            node("Slice", f"{last} zero int{step} one", f"cut{step}"),
            node("Add", f"cut{step} wide{step}", f"y{step}"),
        ]
        last = f"y{step}"
    constants = {
        "one": int64(1),
        "zero": int64(0),
        "one_row": int64(1),
        "ratio": np.float32([0.75]),
        "column": normal(1, 1),
    }
    prepared = checked(
        model(nodes, {"x": ["n", "w"]}, last, constants), {"x": normal(1, 64)}, [(1, 64)]
    )
    assert set(operators(prepared)) == {"Slice", "Add"}


def test_grids_are_constants():
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape two", "w"),
            node("Range", "zero w one", "range"),
            node("Cast", "range", "float", to=TensorProto.FLOAT),
            node("Add", "x float", "y"),
        ],
        {"x": [1, 4, "w"]},
        "y",
        {"zero": np.int64(0), "one": np.int64(1), "two": np.int64(2)},
    )
    prepared = checked(proto, {"x": normal(1, 4, 6)}, [(1, 4, 6)])
    assert operators(prepared) == {"Add": 1}


def test_where_nonzero_of_constants_decides_a_shape():
    proto = model(
        [
            node("NonZero", "mask", "places"),
            node("Transpose", "places", "rows"),
            node("Squeeze", "rows axis", "flat"),
            node("Gather", "x flat", "y", axis=1),
        ],
        {"x": [1, 4]},
        "y",
        {"mask": np.array([True, False, True, True]), "axis": int64(1)},
    )
    assert operators(checked(proto, {"x": normal(1, 4)})) == {"Gather": 1}


def test_what_no_output_needs_is_not_asked_for():
    proto = model([node("Relu", "x", "y"), node("NonZero", "x", "places")], {"x": [4]}, "y")
    assert operators(prepare(proto)) == {"Relu": 1}


def test_operators_of_the_runtime_alone_get_their_shapes_from_a_run():
    proto = model(
        [node("Inverse", "x", "y", domain="com.microsoft")],
        {"x": [1, 3, 3]},
        "y",
        domains=["com.microsoft"],
    )
    graph = prepare(proto).model.graph
    assert tuple(graph.outputs[0].shape) == (1, 3, 3)


def test_names_of_the_file_survive():
    proto = model(
        [
            node("Conv", "image w", "conv"),
            node("Identity", "conv", "same"),
            node("Relu", "same", "inner"),
            node("Dropout", "inner", "dropped"),
            node("Squeeze", "dropped", "scores", axes=[0]),
            node("Identity", "inner", "again"),
        ],
        {"image": [1, 3, 4, 4]},
        "scores inner again",
        {"w": normal(4, 3, 1, 1)},
        opset=11,
    )
    prepared = checked(proto, {"image": normal(1, 3, 4, 4)})
    graph = prepared.model.graph
    assert [value.name for value in graph.outputs] == ["scores", "inner", "again"]
    assert [value.name for value in graph.inputs] == ["image"]
    assert {"conv", "inner", "scores"} <= {out.name for each in graph for out in each.outputs}
    assert "w" in graph.initializers


def test_an_input_that_is_an_output_and_a_constant_that_is_one():
    proto = model(
        [node("Identity", "x", "y"), node("Add", "c c", "z"), node("Shape", "x", "s")],
        {"x": [1, 3]},
        "y z s",
        {"c": normal(2)},
    )
    prepared = checked(proto, {"x": normal(1, 3)})
    assert operators(prepared) == {"Identity": 3}


def test_random_numbers_are_not_constants():
    proto = model(
        [node("RandomNormal", "", "r", shape=[1, 3], seed=1.0), node("Add", "x r", "y")],
        {"x": [1, 3]},
        "y",
    )
    assert operators(prepare(proto)) == {"RandomNormal": 1, "Add": 1}


def test_two_nodes_of_one_name_get_two():
    proto = model([node("Relu", "x", "a"), node("Neg", "a", "y")], {"x": [3]}, "y")
    for each in proto.graph.node:
        each.name = "same"
    names = [each.name for each in prepare(proto).model.graph]
    assert names == ["same", "same_2"]


def test_an_operator_set_that_no_runtime_has_and_nothing_needs():
    proto = model([node("Relu", "x", "y")], {"x": [1, 3]}, "y", opset=28)
    compare(prepare(proto), {"x": normal(1, 3)}, [np.maximum(normal(1, 3), 0)])


def test_large_constants_are_computed_and_larger_ones_are_not():
    def filled(count):
        return model(
            [
                node("ConstantOfShape", "shape", "c"),
                node("Add", "x c", "a"),
                node("ReduceMax", "a", "y"),
            ],
            {"x": [1, 1]},
            "y",
            {"shape": int64(1, count)},
        )

    small = prepare(filled(1000))
    assert operators(small) == {"Add": 1, "ReduceMax": 1}
    large = operators(prepare(filled(200_000_000)))
    assert large == {"ConstantOfShape": 1, "Add": 1, "ReduceMax": 1}


def test_the_model_given_is_left_as_it_is():
    proto = model([node("Relu", "x", "y")], {"x": ["n", 3]}, "y")
    before = proto.SerializeToString()
    prepare(proto)
    assert proto.SerializeToString() == before


@pytest.mark.parametrize("version", [16, 18])
def test_functions_are_inlined_and_upgraded_by_their_own_operator_set(version):
    double = helper.make_function(
        "local",
        "MeanOfSquares",
        ["a"],
        ["b"],
        [
            helper.make_node("Mul", ["a", "a"], ["square"]),
            helper.make_node("ReduceMean", ["square"], ["b"], axes=[1], keepdims=0)
            if version < 18
            else helper.make_node("ReduceMean", ["square", "axes"], ["b"], keepdims=0),
        ],
        [helper.make_opsetid("", version)],
    )
    if version >= 18:
        axes = numpy_helper.from_array(int64(1))
        double.node.insert(0, helper.make_node("Constant", [], ["axes"], value=axes))
    proto = model(
        [
            node("MeanOfSquares", "x", "m", domain="local"),
            node("MeanOfSquares", "x", "y", domain="local"),
        ],
        {"x": [2, 3]},
        "y m",
        domains=["local"],
        opset=18,
    )
    proto.functions.append(double)
    expected = (normal(2, 3) ** 2).mean(axis=1)
    prepared = prepare(proto)
    compare(prepared, {"x": normal(2, 3)}, [expected, expected])
    assert not prepared.model.functions


def test_missing_types_of_outputs():
    proto = model([node("Relu", "x", "y")], {"x": [1, 3]}, "y")
    proto.graph.output[0].ClearField("type")
    assert tuple(prepare(proto).model.graph.outputs[0].shape) == (1, 3)


def test_nodes_in_any_order():
    proto = model([node("Relu", "a", "y"), node("Neg", "x", "a")], {"x": [1, 3]}, "y")
    prepared = prepare(proto)
    compare(prepared, {"x": normal(1, 3)}, [np.maximum(-normal(1, 3), 0)])


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize("opset", [18, 22])
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [1, 1], "strides": [2, 3]},
        {"kernel_shape": [1, 1], "strides": [2, 3], "auto_pad": "VALID"},
        {"kernel_shape": [2, 3], "strides": [3, 4], "pads": [0, 1, 1, 1]},
        {"kernel_shape": [2, 2], "strides": [3, 3]},
    ],
)
def test_a_last_window_that_begins_behind_the_image_is_left_out(op, opset, attributes):
    proto = model([node(op, "x", "y", ceil_mode=1, **attributes)], {"x": (1, 2, 8, 10)}, "y")
    proto.opset_import[0].version = opset
    checked(proto, {"x": normal(1, 2, 8, 10)})


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceProd"])
def test_what_is_made_of_no_elements_is_a_constant(op):
    proto = model(
        [
            node("Slice", "x zero zero", "none"),
            node(op, "none axes", "mean", keepdims=0),
            node("Add", "x mean", "y"),
        ],
        {"x": (2, 3)},
        "y",
        {"zero": int64(0).reshape(1), "axes": int64(0).reshape(1)},
    )
    prepared = checked(proto, {"x": normal(2, 3)})
    assert operators(prepared) == {"Add": 1}


@pytest.mark.parametrize("opset", [11, 18])
def test_a_squeeze_of_no_axes_squeezes_all_of_one_entry(opset):
    squeeze = node("Squeeze", "x" if opset < 13 else "x none", "y")
    if opset < 13:
        attribute = helper.make_attribute("axes", [], attr_type=onnx.AttributeProto.INTS)
        squeeze.attribute.append(attribute)
    x = normal(1, 3, 1)
    proto = model([squeeze], {"x": x.shape}, "y", {"none": int64()}, opset=opset)
    assert static_shape(checked(proto, {"x": x}).model.graph.outputs[0]) == (3,)
