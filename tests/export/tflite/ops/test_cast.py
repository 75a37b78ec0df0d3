from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import (
    check,
    check_both,
    feeds,
    graph_model,
    lower_model,
    run_lowered,
)

TYPES = [TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL]


@pytest.mark.parametrize("before", TYPES)
@pytest.mark.parametrize("after", TYPES)
def test_cast(before: int, after: int) -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=after)
    model = graph_model([node], {"x": (2, 3, 2, 2)}, dtype=before)
    values = np.linspace(-3.7, 3.7, 24).reshape(2, 3, 2, 2)
    feeds = {"x": values.astype(helper.tensor_dtype_to_np_dtype(before))}
    assert check_both(model, feeds=feeds) == (["RESHAPE"] if before == after else ["CAST"])


def test_half_precision_is_float32_here() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Cast", ["r"], ["y"], to=TensorProto.FLOAT),
    ]
    # The reference rounds to half precision.
    assert check(graph_model(nodes, {"x": (2, 3)}), tolerance=1e-3) == ["RELU"]


def test_a_constant_is_cast_here() -> None:
    nodes = [
        helper.make_node("Cast", ["k"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "f"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3), "k": np.array([1, 2, 3])})) == ["MUL"]


def test_unsupported() -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.UINT64)
    with pytest.raises(UnsupportedError) as error:
        lower_model(graph_model([node], {"x": (2, 3)}))
    assert "y has type uint64" in error.value.why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TensorProto.FLOAT, TensorProto.INT32),
        (TensorProto.INT32, TensorProto.FLOAT),
        (TensorProto.BOOL, TensorProto.UINT8),
        (TensorProto.INT8, TensorProto.UINT8),
        (TensorProto.UINT32, TensorProto.INT32),
    ],
)
def test_bits_of_another_type(before: int, after: int) -> None:
    """Against NumPy: ONNX Runtime has no BitCast."""
    node = helper.make_node("BitCast", ["x"], ["y"], to=after)
    model = graph_model([node], {"x": (2, 3)}, dtype=before, opset=26)
    given = feeds(model, 0, 100)
    [found] = run_lowered(lower_model(model), given)
    wanted = given["x"].view(helper.tensor_dtype_to_np_dtype(after))
    np.testing.assert_array_equal(found, wanted)


NARROW = [TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16]


@pytest.mark.parametrize("before", [*NARROW, TensorProto.UINT32, *TYPES])
@pytest.mark.parametrize("after", [*NARROW, TensorProto.UINT32])
def test_casts_to_narrow_integers(before: int, after: int) -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=after)
    model = graph_model([node], {"x": (2, 3)}, dtype=before)
    kind = helper.tensor_dtype_to_np_dtype(before)
    values = np.array([[0, 1, 2.7], [100, 3.2, 99]])
    check_both(model, feeds={"x": values.astype(kind)}, tolerance=0)
