"""If, Loop and Scan, unrolled, against ONNX Runtime which runs them."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.preparation import control
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, compare, model, node, normal, operators

X = normal(2, 3)
TRUE, FALSE = np.array(True), np.array(False)


def body(nodes, inputs, outputs, constants=None):
    """A subgraph; inputs and outputs are names with their types, scalars where these count."""
    ports = [
        [
            helper.make_tensor_value_info(name, kind, None if kind == FLOAT else ())
            for name, kind in each.items()
        ]
        for each in (inputs, outputs)
    ]
    return helper.make_graph(
        nodes,
        "body",
        *ports,
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )


FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def branches(condition, then="Relu", otherwise="Neg"):
    return node(
        "If",
        condition,
        "y",
        then_branch=body([node(then, "x", "a")], {}, {"a": FLOAT}),
        else_branch=body([node(otherwise, "x", "a")], {}, {"a": FLOAT}),
    )


@pytest.mark.parametrize(("value", "op"), [(TRUE, "Relu"), (FALSE, "Neg")])
def test_a_condition_that_is_constant(value, op):
    prepared = checked(model([branches("c")], {"x": X.shape}, "y", {"c": value}), {"x": X})
    assert operators(prepared) == {op: 1}


def test_a_condition_on_the_shape():
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape one", "width"),
            node("Equal", "width three", "c"),
            branches("c"),
        ],
        {"x": ["n", "w"]},
        "y",
        {"one": np.int64(1), "three": np.int64(3)},
    )
    assert operators(checked(proto, {"x": X}, [X.shape])) == {"Relu": 1}


def test_a_condition_on_the_data_chooses_among_both_branches():
    proto = model(
        [node("ReduceSum", "x", "s", keepdims=0), node("Greater", "s zero", "c"), branches("c")],
        {"x": X.shape},
        "y",
        {"zero": np.float32(0)},
    )
    for feed in (X, -X):
        prepared = checked(proto, {"x": feed})
    assert operators(prepared)["Where"] == 1
    assert "both branches" in prepared.notes[0]


def test_branches_of_different_shapes_that_the_data_choose():
    proto = model(
        [
            node("ReduceSum", "x", "s", keepdims=0),
            node("Greater", "s zero", "c"),
            branches("c", "Relu", "Flatten"),
        ],
        {"x": (2, 3, 1)},
        "y",
        {"zero": np.float32(0)},
    )
    with pytest.raises(UnsupportedError, match="If cannot be unrolled") as caught:
        prepare(proto)
    assert caught.value.where == "node the_y"


def counting_loop(inputs="count true x"):
    return node(
        "Loop",
        inputs,
        "last all",
        body=body(
            [
                node("Cast", "turn", "number", to=FLOAT),
                node("Add", "state number", "next"),
                node("Mul", "next factor", "scaled"),
                node("Identity", "going", "again"),
            ],
            {"turn": INT64, "going": BOOL, "state": FLOAT},
            {"again": BOOL, "next": FLOAT, "scaled": FLOAT},
            {"factor": np.float32(3)},
        ),
    )


def test_a_loop_of_constant_count():
    proto = model(
        [counting_loop()], {"x": X.shape}, "last all", {"count": np.int64(4), "true": TRUE}
    )
    prepared = checked(proto, {"x": X})
    assert "Loop" not in operators(prepared)
    assert tuple(prepared.model.graph.outputs[1].shape) == (4, 2, 3)


def test_a_loop_over_an_axis():
    proto = model(
        [node("Shape", "x", "shape"), node("Gather", "shape zero", "count"), counting_loop()],
        {"x": ["n", 3]},
        "last all",
        {"zero": np.int64(0), "true": TRUE},
    )
    prepared = checked(proto, {"x": X}, [X.shape])
    assert tuple(prepared.model.graph.outputs[1].shape) == (2, 2, 3)


def test_a_loop_that_ends_by_its_condition():
    proto = model(
        [
            node(
                "Loop",
                "_ true zero x",
                "n y",
                body=body(
                    [
                        node("Add", "i one", "j"),
                        node("Less", "j three", "again"),
                        node("Neg", "a", "b"),
                    ],
                    {"turn": INT64, "going": BOOL, "i": INT64, "a": FLOAT},
                    {"again": BOOL, "j": INT64, "b": FLOAT},
                ),
            )
        ],
        {"x": X.shape},
        "y n",
        {"true": TRUE, "zero": np.int64(0), "one": np.int64(1), "three": np.int64(3)},
    )
    assert operators(checked(proto, {"x": X}))["Neg"] == 3


def test_loops_in_loops():
    inner = body(
        [
            node(
                "Loop",
                "two going state",
                "next",
                body=body(
                    [node("Add", "s x", "t"), node("Identity", "g", "h")],
                    {"k": INT64, "g": BOOL, "s": FLOAT},
                    {"h": BOOL, "t": FLOAT},
                ),
            ),
            node("Identity", "going", "again"),
        ],
        {"turn": INT64, "going": BOOL, "state": FLOAT},
        {"again": BOOL, "next": FLOAT},
    )
    proto = model(
        [node("Loop", "three true x", "y", body=inner)],
        {"x": X.shape},
        "y",
        {"two": np.int64(2), "three": np.int64(3), "true": TRUE},
    )
    assert operators(checked(proto, {"x": X})) == {"Add": 6}


@pytest.mark.parametrize("what", ["count", "condition", "length"])
def test_loops_over_data_are_named(what, monkeypatch):
    monkeypatch.setattr(control, "_MOST_NODES", 100)
    constants = {"true": TRUE, "count": np.int64(3), "zero": np.float32(0)}
    nodes = [node("ReduceSum", "x", "s", keepdims=0)]
    if what == "count":
        nodes += [node("Cast", "s", "n", to=INT64), counting_loop("n true x")]
    elif what == "condition":
        nodes += [node("Greater", "s zero", "c"), counting_loop("count c x")]
    else:
        constants["count"] = np.int64(10**9)
        nodes += [counting_loop()]
    proto = model(nodes, {"x": X.shape}, "last all", constants)
    with pytest.raises(UnsupportedError, match="Loop cannot be unrolled") as caught:
        prepare(proto)
    assert caught.value.where == "node the_last"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"scan_input_directions": [1]},
        {"scan_output_directions": [1]},
        {"scan_input_axes": [1], "scan_output_axes": [-1]},
    ],
)
def test_scan(attributes):
    x = normal(4, 3) if "scan_input_axes" not in attributes else normal(3, 4)
    proto = model(
        [
            node(
                "Scan",
                "start x",
                "last all",
                num_scan_inputs=1,
                body=body(
                    [node("Add", "state entry", "next"), node("Relu", "next", "out")],
                    {"state": FLOAT, "entry": FLOAT},
                    {"next": FLOAT, "out": FLOAT},
                ),
                **attributes,
            )
        ],
        {"x": x.shape},
        "last all",
        {"start": normal(3, seed=4)},
    )
    prepared = checked(proto, {"x": x})
    assert operators(prepared)["Relu"] == 4


def test_scan_over_the_rows_of_a_batch():
    x = normal(2, 4, 3)
    proto = model(
        [
            node(
                "Scan",
                "_ start x",
                "last all",
                num_scan_inputs=1,
                body=body(
                    [node("Add", "state entry", "next"), node("Neg", "next", "out")],
                    {"state": FLOAT, "entry": FLOAT},
                    {"next": FLOAT, "out": FLOAT},
                ),
            )
        ],
        {"x": x.shape, "start": (2, 3)},
        "last all",
        opset=8,
    )
    start = normal(2, 3, seed=4)
    sums = start[:, None] + np.cumsum(x, axis=1)
    compare(prepare(proto), {"x": x, "start": start}, [sums[:, -1], -sums])


def test_branches_that_give_sequences_which_the_data_choose():
    then, otherwise = (
        helper.make_graph(
            [node("SequenceConstruct", members, name)],
            name,
            [],
            [helper.make_empty_tensor_value_info(name)],
        )
        for name, members in (("one", "x"), ("two", "x x"))
    )
    chosen = node("If", "c", "s", then_branch=then, else_branch=otherwise)
    nodes = [
        node("ReduceSum", "x", "total", keepdims=0),
        node("Greater", "total zero", "c"),
        chosen,
        node("ConcatFromSequence", "s", "y", axis=0),
    ]
    proto = model(nodes, {"x": (2, 3)}, "y", {"zero": np.float32(0)})
    with pytest.raises(UnsupportedError, match="If cannot be unrolled") as caught:
        prepare(proto)
    assert caught.value.why == "its branches give sequences"


def test_a_scan_that_scans_more_than_it_is_given():
    inner = body(
        [node("Add", "state row", "next")], {"state": FLOAT, "row": FLOAT}, {"next": FLOAT}
    )
    scanning = node("Scan", "x x", "y", body=inner, num_scan_inputs=3)
    with pytest.raises(InputError, match="Scan does not fit") as caught:
        prepare(model([scanning], {"x": (2, 3)}, "y"))
    assert "it scans 3 of 2 inputs" in caught.value.why


def test_a_body_that_takes_more_than_it_is_given():
    inputs = {"state": FLOAT, "row": FLOAT, "third": FLOAT}
    inner = body([node("Add", "state row", "next")], inputs, {"next": FLOAT})
    scanning = node("Scan", "x x", "y", body=inner, num_scan_inputs=1)
    with pytest.raises(InputError, match="Scan does not fit") as caught:
        prepare(model([scanning], {"x": (2, 3)}, "y"))
    assert "its body takes 3 inputs, and is given 2" in caught.value.why


def test_a_scan_whose_rows_are_left_out():
    inner = body(
        [node("Add", "state row", "next")], {"state": FLOAT, "row": FLOAT}, {"next": FLOAT}
    )
    scanning = node("Scan", "x", "y", body=inner, num_scan_inputs=1)
    scanning.input.insert(0, "")
    with pytest.raises(InputError, match="Scan does not fit") as caught:
        prepare(model([scanning], {"x": (2, 3)}, "y"))
    assert "an input that its body reads is left out" in caught.value.why
