"""Activations that integers imply are left out, since XNNPACK computes them one by one.

A tensor of int8 whose zero point is -128 holds nothing below zero, so a ReLU fused into what
computes it changes nothing; nor does a ReLU6 if its largest number is no more than 6. In
convolutions a fused activation is free. Behind arithmetic XNNPACK runs it as an operator of its
own, which was 1.1 % of the arm64 instructions of a ShuffleNet V1 in int8.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of

_KINDS = {
    schema.BuiltinOperator.ADD,
    schema.BuiltinOperator.MUL,
    schema.BuiltinOperator.SUB,
}
_BOUNDS = {
    schema.ActivationFunctionType.RELU: (0.0, float("inf")),
    schema.ActivationFunctionType.RELU6: (0.0, 6.0),
    schema.ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
}
#: A bound is rounded to a step: what is within half a step of it is at it.
_HALF = 0.5


def drop_idle_clamps(model: Any) -> None:
    """Take activations out of int8 arithmetic whose results the type bounds as tightly, in place.

    Args:
        model: A quantized file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    for op in graph.operators:
        if kind_of(model, op) not in _KINDS:
            continue
        bounds = _BOUNDS.get(op.builtinOptions.fusedActivationFunction)
        if bounds is not None and _is_within(graph.tensors[op.outputs[0]], *bounds):
            op.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.NONE


def _is_within(tensor: Any, low: float, high: float) -> bool:
    """Return whether no number that a tensor can hold is clamped, as kernels round the bounds."""
    grid = tensor.quantization
    if tensor.type != schema.TensorType.INT8 or grid is None or grid.scale is None:
        return False
    if len(grid.scale) != 1:
        return False
    scale, zero = float(grid.scale[0]), int(grid.zeroPoint[0])
    return zero + low / scale <= -128 + _HALF and zero + high / scale >= 127 - _HALF
