from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.tflite.ops.harness import check, graph_model

TYPES = [
    TensorProto.INT8,
    TensorProto.INT16,
    TensorProto.INT32,
    TensorProto.UINT8,
    TensorProto.UINT16,
    TensorProto.UINT32,
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("op_type", ["BitwiseAnd", "BitwiseOr", "BitwiseXor"])
def test_two_operands(op_type: str, dtype: int) -> None:
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    limits, rng = np.iinfo(kind), np.random.default_rng(0)
    given = {
        "a": rng.integers(limits.min, limits.max, (2, 30), endpoint=True).astype(kind),
        "b": rng.integers(limits.min, limits.max, (30,), endpoint=True).astype(kind),
    }
    node = helper.make_node(op_type, ["a", "b"], ["y"])
    model = graph_model([node], {"a": (2, 30), "b": (30,)}, dtype=dtype)
    check(model, feeds=given, tolerance=0)


@pytest.mark.parametrize("dtype", TYPES)
def test_not(dtype: int) -> None:
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    numbers = np.array([0, 1, np.iinfo(kind).max, np.iinfo(kind).min], kind)
    node = helper.make_node("BitwiseNot", ["a"], ["y"])
    check(graph_model([node], {"a": (4,)}, dtype=dtype), feeds={"a": numbers}, tolerance=0)


@pytest.mark.parametrize("dtype", [TensorProto.UINT8, TensorProto.UINT32])
@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_shift(direction: str, dtype: int) -> None:
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    limits, rng = np.iinfo(kind), np.random.default_rng(0)
    given = {
        "a": rng.integers(0, limits.max, (2, 30), endpoint=True).astype(kind),
        "b": rng.integers(0, limits.bits, (30,)).astype(kind),
    }
    node = helper.make_node("BitShift", ["a", "b"], ["y"], direction=direction)
    model = graph_model([node], {"a": (2, 30), "b": (30,)}, dtype=dtype)
    check(model, feeds=given, tolerance=0)
