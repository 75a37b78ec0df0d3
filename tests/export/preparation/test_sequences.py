"""Sequences whose members the file fixes, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import UnsupportedError
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, model, node, normal, operators

X = normal(2, 5, 3)


def int64(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize("new_axis", [0, 1])
def test_joined(new_axis):
    proto = model(
        [
            node("Neg", "x", "n"),
            node("SequenceConstruct", "x n x", "s"),
            node("ConcatFromSequence", "s", "y", axis=1, new_axis=new_axis),
        ],
        {"x": X.shape},
        "y",
    )
    assert "Concat" in operators(checked(proto, {"x": X}))


@pytest.mark.parametrize(
    ("constants", "inputs", "attributes"),
    [
        ({}, "x", {"axis": 1}),
        ({}, "x", {"axis": 1, "keepdims": 0}),
        ({"size": np.int64(2)}, "x size", {"axis": 1}),
        ({"size": int64(1, 4)}, "x size", {"axis": -2}),
    ],
)
def test_split_and_picked(constants, inputs, attributes):
    proto = model(
        [
            node("SplitToSequence", inputs, "s", **attributes),
            node("SequenceAt", "s minus", "y"),
            node("SequenceLength", "s", "n"),
        ],
        {"x": X.shape},
        "y n",
        {**constants, "minus": np.int64(-1)},
    )
    checked(proto, {"x": X})


def test_inserted_and_erased():
    proto = model(
        [
            node("SequenceEmpty", "", "e"),
            node("SequenceInsert", "e x", "one"),
            node("Neg", "x", "n"),
            node("SequenceInsert", "one n zero", "two"),
            node("SequenceInsert", "two x", "three"),
            node("SequenceErase", "three one_", "left"),
            node("ConcatFromSequence", "left", "y", axis=0),
        ],
        {"x": X.shape},
        "y",
        {"zero": np.int64(0), "one_": np.int64(1)},
    )
    assert operators(checked(proto, {"x": X})) == {"Neg": 1, "Concat": 1}


def test_optional_values():
    proto = model(
        [
            node("Optional", "x", "o"),
            node("OptionalHasElement", "o", "there"),
            node("OptionalGetElement", "o", "value"),
            node("Neg", "value", "y"),
        ],
        {"x": X.shape},
        "y there",
    )
    assert operators(checked(proto, {"x": X}))["Neg"] == 1


def test_an_index_that_depends_on_the_data():
    proto = model(
        [
            node("ArgMax", "flat", "i", axis=0, keepdims=0),
            node("SequenceConstruct", "x x", "s"),
            node("SequenceAt", "s i", "y"),
        ],
        {"x": X.shape, "flat": [2]},
        "y",
    )
    with pytest.raises(UnsupportedError, match="SequenceAt") as caught:
        prepare(proto)
    assert caught.value.where == "node the_y"


def test_an_output_that_is_a_sequence():
    proto = model([node("SequenceConstruct", "x x", "s")], {"x": X.shape}, "s")
    with pytest.raises(UnsupportedError, match="output s is not a tensor"):
        prepare(proto)
