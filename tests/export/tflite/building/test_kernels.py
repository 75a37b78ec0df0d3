"""The table of types and ranks, held against LiteRT: what is lowered must run and be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import check, graph_model, inputs_of, lower_model

AXIS = np.array([0])
#: One use of each operator: constants and attributes besides the input x of shape (2, 3, ...).
USES: dict[str, tuple[dict[str, np.ndarray], dict[str, Any]]] = {
    "Abs": ({}, {}),
    "Concat": ({}, {"axis": 0}),
    "Expand": ({"s": np.array([3, *[1] * 6])}, {}),
    "Gather": ({"i": np.array([1, 0, 1])}, {}),
    "Neg": ({}, {}),
    "Pad": ({}, {}),
    "ReduceMax": ({"a": AXIS}, {}),
    "ReduceMin": ({"a": AXIS}, {}),
    "ReduceMean": ({"a": AXIS}, {}),
    "ReduceSum": ({"a": AXIS}, {}),
    "Relu": ({}, {}),
    "Reshape": ({"s": np.array([-1])}, {}),
    "Sigmoid": ({}, {}),
    "Slice": ({"b": np.array([1]), "e": np.array([2]), "a": AXIS}, {}),
    "Softmax": ({}, {}),
    "Split": ({}, {"axis": 0, "num_outputs": 2}),
    "Sqrt": ({}, {}),
    "Tile": ({}, {}),
    "Transpose": ({}, {}),
}
MOVING = {"Concat", "Expand", "Gather", "Pad", "Reshape", "Slice", "Tile", "Transpose"}
INT64 = {*MOVING, "Neg", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum", "Split"}
TAKEN = {
    TensorProto.BOOL: MOVING,
    TensorProto.INT32: {*INT64, "Abs"},
    TensorProto.INT64: INT64,
    TensorProto.FLOAT: set(USES),
}


def use(op_type: str, rank: int, dtype: int) -> Any:
    constants, attributes = USES[op_type]
    shape = (2, 3, 2, 1, 2, 1, 2)[:rank]
    constants = {name: value[:rank] for name, value in constants.items()}
    if op_type == "Gather":
        constants = {"i": USES["Gather"][0]["i"]}
    if op_type == "Expand":
        shape, constants = (1, *shape[1:]), {"s": np.array([3, *[1] * (rank - 1)])}
    if op_type == "Tile":
        constants = {"r": np.array([2] * rank)}
    if op_type == "Pad":
        constants = {"p": np.array([1] * rank + [0] * rank)}
    names = ["x", "x"] if op_type == "Concat" else ["x", *constants]
    outputs = ["y", "z"] if op_type == "Split" else ["y"]
    node = helper.make_node(op_type, names, outputs, **attributes)
    return graph_model([node], {"x": shape, **constants}, outputs, dtype=dtype)


#: What ONNX has for a type; of the rest there is nothing to refuse.
EXISTING = [
    (op_type, dtype)
    for op_type in USES
    for dtype in TAKEN
    if dtype == TensorProto.FLOAT
    or (dtype == TensorProto.BOOL and op_type in {*MOVING, "Split"})
    or (dtype != TensorProto.BOOL and op_type not in {"Sigmoid", "Softmax", "Sqrt"})
]


@pytest.mark.parametrize(("op_type", "dtype"), EXISTING)
def test_types(op_type: str, dtype: int) -> None:
    model = use(op_type, 3, dtype)
    if op_type in TAKEN[dtype]:
        check(model, feeds=inputs_of(model, low=1.0))
        return
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "does not take" in error.value.why


@pytest.mark.parametrize("rank", [5, 6, 7])
@pytest.mark.parametrize("op_type", list(USES))
def test_ranks(op_type: str, rank: int) -> None:
    model = use(op_type, rank, TensorProto.FLOAT)
    # A tensor of seven axes is not even transposed: six are the most that LiteRT's delegate takes.
    if rank <= (5 if op_type == "Pad" else 6):
        check(model, "nchw", low=1.0)
        return
    with pytest.raises(UnsupportedError) as error:
        lower_model(model, "nchw")
    assert f"takes {5 if op_type == 'Pad' else 6} axes, not {rank}" in error.value.why
