from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from _edgeship.errors import UnsupportedError
from _edgeship.export.tflite.versions import set_lowest_versions
from tests.export.tflite.schema_models import one_operator, packed, tensor

F32, I8, I32 = schema.TensorType.FLOAT32, schema.TensorType.INT8, schema.TensorType.INT32


@pytest.mark.parametrize("name", ["LSTM", "CALL"])
def test_an_operator_outside_the_table_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedError, match=name):
        set_lowest_versions(one_operator(name, [tensor(F32)], tensor(F32)))


def network() -> schema.ModelT:
    """A float TRANSPOSE, an int8 TRANSPOSE and a DEQUANTIZE, all under too high versions."""
    tensors = [tensor(F32, (1, 4)), tensor(F32, (4, 1)), tensor(I8, (1, 4), 1)]
    tensors += [tensor(I8, (4, 1), 1), tensor(F32, (4, 1)), tensor(I32, (2,))]
    tensors[5].buffer = 1
    operators = [
        schema.OperatorT(opcodeIndex=0, inputs=[0, 5], outputs=[1]),
        schema.OperatorT(opcodeIndex=0, inputs=[2, 5], outputs=[3]),
        schema.OperatorT(opcodeIndex=1, inputs=[3], outputs=[4]),
    ]
    codes = [
        schema.OperatorCodeT(builtinCode=getattr(schema.BuiltinOperator, name), version=7)
        for name in ("TRANSPOSE", "DEQUANTIZE", "GELU")
    ]
    permutation = schema.BufferT(data=np.array([1, 0], np.int32).view(np.uint8))
    graph = schema.SubGraphT(tensors=tensors, inputs=[0, 2], outputs=[1, 4], operators=operators)
    return schema.ModelT(
        version=3, operatorCodes=codes, subgraphs=[graph], buffers=[schema.BufferT(), permutation]
    )


def test_codes_are_shared_per_version_in_order_of_first_use_and_unused_ones_go() -> None:
    model = network()

    assert set_lowest_versions(model) == "1.14.0"

    builtins = schema.BuiltinOperator
    codes = [(code.builtinCode, code.version) for code in model.operatorCodes]
    assert codes == [(builtins.TRANSPOSE, 1), (builtins.TRANSPOSE, 2), (builtins.DEQUANTIZE, 2)]
    assert [operator.opcodeIndex for operator in model.subgraphs[0].operators] == [0, 1, 2]
    assert [code.deprecatedBuiltinCode for code in model.operatorCodes] == [39, 39, 6]


def test_deprecated_code_points_old_runtimes_at_the_new_field() -> None:
    model = one_operator("GELU", [tensor(F32)], tensor(F32))

    set_lowest_versions(model)

    assert model.operatorCodes[0].builtinCode == 150
    assert model.operatorCodes[0].deprecatedBuiltinCode == 127


def test_code_in_the_deprecated_field_only_is_read() -> None:
    model = one_operator("SOFTMAX", [tensor(F32)], tensor(F32))
    model.operatorCodes = [schema.OperatorCodeT(deprecatedBuiltinCode=25, builtinCode=0)]

    set_lowest_versions(model)

    assert model.operatorCodes[0].builtinCode == schema.BuiltinOperator.SOFTMAX


def test_releases_are_compared_as_numbers() -> None:
    model = one_operator("RELU", [tensor(F32)], tensor(F32))
    model.operatorCodes.append(schema.OperatorCodeT(builtinCode=schema.BuiltinOperator.EXPAND_DIMS))
    model.subgraphs[0].operators.append(schema.OperatorT(opcodeIndex=1, inputs=[0], outputs=[1]))
    model.operatorCodes.append(schema.OperatorCodeT(builtinCode=schema.BuiltinOperator.NEG))
    model.subgraphs[0].operators.append(schema.OperatorT(opcodeIndex=2, inputs=[0], outputs=[1]))

    assert set_lowest_versions(model) == "1.10.0"  # RELU 1.5.0, EXPAND_DIMS 1.10.0, NEG 1.9.0


def test_the_runtime_runs_the_file() -> None:
    model = network()
    set_lowest_versions(model)

    interpreter = Interpreter(model_content=packed(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.array([[1, 2, 3, 4]], np.float32))
    interpreter.set_tensor(2, np.array([[-1, 0, 1, 2]], np.int8))
    interpreter.invoke()

    np.testing.assert_array_equal(interpreter.get_tensor(1).ravel(), [1, 2, 3, 4])
    np.testing.assert_array_equal(interpreter.get_tensor(4).ravel(), [-1, 0, 1, 2])
