"""Files in float16, bfloat16 and double, computed in float32."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from _edgeship.export.preparation.prepare import prepare, prepare_captured
from tests.export.preparation.graphs import checked, compare, model, node, normal, operators

X = normal(2, 4)
W = normal(4, 3, seed=1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(TensorProto.FLOAT16, "float16"), (TensorProto.DOUBLE, "double")],
)
def test_weights_and_inputs(kind, name):
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    proto = model(
        [node("MatMul", "x w", "y")], {"x": X.shape}, "y", {"w": W.astype(dtype)}, dtype=kind
    )
    prepared = prepare(proto)
    compare(prepared, {"x": X}, [X @ W.astype(dtype).astype(np.float32)])
    assert prepared.model.graph.outputs[0].dtype == ir.DataType.FLOAT
    assert prepared.notes == (f"The file computes in {name}; it was exported in float32.",)
    assert prepared.half == (name == "float16")


def test_bfloat16():
    weights = helper.make_tensor("w", TensorProto.BFLOAT16, W.shape, W.reshape(-1))
    proto = model([node("MatMul", "x w", "y")], {"x": X.shape}, "y", dtype=TensorProto.BFLOAT16)
    proto.graph.initializer.append(weights)
    prepared = prepare(proto)
    rounded = ir.from_proto(weights).numpy().astype(np.float32)
    assert 0 < np.abs(rounded - W).max() < 0.02
    compare(prepared, {"x": X}, [X @ rounded])
    assert prepared.half


def test_casts_between_floating_types_go():
    proto = model(
        [
            node("Cast", "x", "h", to=TensorProto.FLOAT16),
            node("Relu", "h", "r"),
            node("Cast", "r", "f", to=TensorProto.FLOAT),
            node("Neg", "f", "n"),
            node("Cast", "n", "y", to=TensorProto.FLOAT16),
        ],
        {"x": X.shape},
        "y",
    )
    prepared = prepare(proto)
    compare(prepared, {"x": X}, [-np.maximum(X, 0)])
    assert operators(prepared) == {"Relu": 1, "Neg": 1}
    assert prepared.model.graph.outputs[0].name == "y"


def test_types_in_attributes():
    value = helper.make_tensor("v", TensorProto.DOUBLE, [1], [0.5])
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("ConstantOfShape", "shape", "c", value=value),
            node("Cast", "x", "d", to=TensorProto.DOUBLE),
            node("Add", "d c", "s"),
            node("Cast", "s", "y", to=TensorProto.FLOAT),
        ],
        {"x": X.shape},
        "y",
    )
    assert operators(checked(proto, {"x": X})) == {"Add": 1}


def test_positions_are_computed_in_double_where_the_file_does_so():
    # 0.07 * 100 is 7.000000000000001 in double and 7 in float32: the sizes differ by one.
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("Cast", "shape", "d", to=TensorProto.DOUBLE),
            node("Mul", "d ratio", "scaled"),
            node("Ceil", "scaled", "up"),
            node("Cast", "up", "sizes", to=TensorProto.INT64),
            node("Expand", "one sizes", "wide"),
            node("Slice", "x zero sizes zero", "cut"),
            node("Add", "cut wide", "y"),
        ],
        {"x": [100]},
        "y",
        {
            "ratio": np.float64([0.07]),
            "one": np.ones(1, np.float32),
            "zero": np.zeros(1, np.int64),
        },
    )
    prepared = checked(proto, {"x": normal(100)})
    assert tuple(prepared.model.graph.outputs[0].shape) == (8,)
    assert prepared.notes == ()


def test_a_captured_network_keeps_its_own_rounding():
    proto = model(
        [
            node("Cast", "x", "h", to=TensorProto.FLOAT16),
            node("Cast", "h", "y", to=TensorProto.FLOAT),
        ],
        {"x": X.shape},
        "y",
    )
    captured = prepare_captured(ir.from_proto(proto))
    assert [each.op_type for each in captured.graph] == ["Cast", "Cast"]
