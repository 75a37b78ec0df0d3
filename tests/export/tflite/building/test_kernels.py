"""The table of types and ranks, held against LiteRT: what is lowered must run and be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from _edgeship.export.runtimes.running import run_onnx
from tests.export.tflite.ops.harness import (
    check,
    feeds,
    graph_model,
    kinds,
    lower_model,
    node_model,
    run_lowered,
)

AXIS = np.array([0])
#: One use of each operator: constants and attributes besides the input x of shape (2, 3, ...).
USES: dict[str, tuple[dict[str, np.ndarray], dict[str, Any]]] = {
    "Abs": ({}, {}),
    "Concat": ({}, {"axis": 0}),
    "Expand": ({"s": np.array([3, *[1] * 8])}, {}),
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
#: Types that are taken as they are, by operator; the others are cast to a type that holds them.
WIDE = {TensorProto.INT32, TensorProto.INT64}
ANY = {*WIDE, TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16}
TAKEN = {
    "Abs": {TensorProto.INT32},
    **dict.fromkeys(("Neg", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"), WIDE),
    **dict.fromkeys(("Gather", "Pad", "Reshape", "Slice", "Tile", "Transpose"), ANY),
    **dict.fromkeys(("Concat", "Expand"), ANY),
    "Split": ANY - {TensorProto.BOOL},
}


def use(op_type: str, rank: int, dtype: int) -> Any:
    constants, attributes = USES[op_type]
    shape = (2, 3, 2, 1, 2, 1, 2, 1, 2)[:rank]
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


#: ONNX has some operators for floating numbers only, and booleans are only moved.
EXISTING = [
    (op_type, dtype)
    for op_type in TAKEN
    for dtype in sorted(ANY)
    if dtype != TensorProto.BOOL or ANY - TAKEN[op_type] <= {TensorProto.BOOL}
    if (op_type, dtype) != ("Neg", TensorProto.UINT8)
]


@pytest.mark.parametrize(("op_type", "dtype"), EXISTING)
def test_types(op_type: str, dtype: int) -> None:
    """Against ONNX Runtime where it has the type, else against the same in int32."""
    model = use(op_type, 3, dtype)
    given = feeds(model, 1, 9)
    lowered = lower_model(model)
    assert ("CAST" in kinds(lowered)) == (dtype not in TAKEN[op_type])
    reference = use(op_type, 3, TensorProto.INT32)
    wide = {name: array.astype(np.int32) for name, array in given.items()}
    wanted = run_onnx(reference.SerializeToString(), [wide])[0]
    for found, expected in zip(run_lowered(lowered, given), wanted, strict=True):
        np.testing.assert_array_equal(found.astype(np.int32), expected)


@pytest.mark.parametrize("rank", [5, 6, 7, 8])
@pytest.mark.parametrize("op_type", list(USES))
def test_ranks(op_type: str, rank: int) -> None:
    """Axes beyond what kernels take are merged."""
    check(use(op_type, rank, TensorProto.FLOAT), "nchw", low=1.0)


def test_too_many_axes_that_differ() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(node_model("Tile", {"x": (2,) * 9, "r": np.array([2, 1] * 4 + [2])}))
    assert "Tile (the_Tile): TFLite's TILE takes 8 axes, not 9" in error.value.why
