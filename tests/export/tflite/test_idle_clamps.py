from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.idle_clamps import drop_idle_clamps
from _edgeship.export.tflite.objects import kind_of
from _edgeship.export.tflite.writer import from_bytes, to_bytes
from tests.export.tflite.small_graphs import Small, add, run_plain

_A = schema.ActivationFunctionType
EVERY = np.arange(-128, 128, dtype=np.int8).reshape(1, 16, 16, 1)


def summed(activation: int, scale: float, zero: int) -> Any:
    """An int8 ADD whose result has a given scale and zero point."""
    small = Small(a=(1, 16, 16, 1), b=(1, 16, 16, 1))
    small.op("ADD", "a b", "y", (1, 16, 16, 1), opts=add(fusedActivationFunction=activation))
    model = from_bytes(small.out("y").quantized("int8", "int8"))
    grid = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]].quantization
    grid.scale, grid.zeroPoint = np.array([scale], np.float32), np.array([zero])
    model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction = activation
    return model


def activation_of(model: Any) -> int:
    """Of the only ADD of a file."""
    ops = model.subgraphs[0].operators
    (op,) = (op for op in ops if kind_of(model, op) == schema.BuiltinOperator.ADD)
    return int(op.builtinOptions.fusedActivationFunction)


@pytest.mark.parametrize(
    ("activation", "scale", "zero", "left"),
    [
        (_A.RELU, 0.04, -128, _A.NONE),
        (_A.RELU, 0.04, -127, _A.RELU),
        (_A.RELU, 0.04, 0, _A.RELU),
        (_A.RELU6, 6 / 255, -128, _A.NONE),
        (_A.RELU6, 5 / 255, -128, _A.NONE),
        (_A.RELU6, 6.1 / 255, -128, _A.RELU6),
        (_A.RELU6, 6 / 255, -120, _A.RELU6),
        (_A.RELU_N1_TO_1, 1.9 / 255, 0, _A.NONE),
        (_A.RELU_N1_TO_1, 2.1 / 255, 0, _A.RELU_N1_TO_1),
    ],
)
def test_a_clamp_goes_only_where_the_type_clamps_as_tightly(
    activation: int, scale: float, zero: int, left: int
) -> None:
    model = summed(activation, scale, zero)
    inputs = [EVERY, EVERY[:, ::-1, ::-1] // np.int8(2)]
    before = run_plain(to_bytes(model), inputs)
    drop_idle_clamps(model)
    assert activation_of(model) == left
    np.testing.assert_array_equal(run_plain(to_bytes(model), inputs), before)


def test_files_are_written_without_idle_clamps() -> None:
    small = Small(a=(1, 4, 4, 8), b=(1, 4, 4, 8))
    opts = add(fusedActivationFunction=_A.RELU)
    small.op("ADD", "a b", "y", (1, 4, 4, 8), opts=opts).out("y")
    assert activation_of(from_bytes(small.quantized("int8", "int8"))) == _A.NONE
    assert activation_of(from_bytes(small.quantized("int16x8"))) == _A.RELU
    assert activation_of(from_bytes(small.data())) == _A.RELU
