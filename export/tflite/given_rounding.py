"""Roundings of a quantized file that litert-quantizer leaves out.

Where only a CONCATENATION reads a result, the quantizer lets the result have the scale of the
whole. The file rounds it to its own scale first, and so does the .tflite, by a QUANTIZE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.preparation.given import Scale
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import builtin, kind_of, name_of, shape_of
from _edgeship.export.tflite.shared_ranges import FIXED, JOINING, MOVING

_B = schema.BuiltinOperator

#: Operators that have the scale of what they read or are made for one.
_BOUND = {*FIXED, *JOINING, *MOVING, _B.QUANTIZE, _B.DEQUANTIZE}

_SHIFTS = {schema.TensorType.INT8: 0, schema.TensorType.INT16: 0}


def round_first(model: Any, scales: Mapping[str, Scale]) -> int:
    """Let results be rounded to their own scale before they get another, in place.

    Args:
        model: A quantized model as the schema's ``ModelT``.
        scales: Tensor name -> the scale that its file had.

    Returns:
        The number of QUANTIZE operators added.
    """
    graph, added = model.subgraphs[0], 0
    operators = []
    for op in graph.operators:
        operators.append(op)
        tensor = graph.tensors[op.outputs[0]]
        scale = scales.get(name_of(tensor))
        if scale is None or len(op.outputs) != 1 or kind_of(model, op) in _BOUND:
            continue
        if tensor.type in _SHIFTS and not _has(tensor, scale):
            operators.append(_rounding(model, op, scale))
            added += 1
    graph.operators = operators
    return added


def _has(tensor: Any, scale: Scale) -> bool:
    found = tensor.quantization
    return np.float32(found.scale[0]) == scale.step and int(found.zeroPoint[0]) == scale.zero_point


def _rounding(model: Any, op: Any, scale: Scale) -> Any:
    """Give an operator a result of its own; return the QUANTIZE that makes the old one of it."""
    graph = model.subgraphs[0]
    index = int(op.outputs[0])
    old, new = graph.tensors[index], schema.TensorT()
    new.name = f"{name_of(old)}/rounded"
    new.shape, new.type, new.buffer = np.array(shape_of(old), np.int32), old.type, 0
    new.quantization = schema.QuantizationParametersT()
    new.quantization.scale = np.array([scale.step], np.float32)
    new.quantization.zeroPoint = np.array([scale.zero_point], np.int64)
    graph.tensors.append(new)
    op.outputs = [len(graph.tensors) - 1]
    rounding = schema.OperatorT()
    rounding.opcodeIndex = _quantize_code(model)
    rounding.inputs, rounding.outputs = list(op.outputs), [index]
    rounding.builtinOptions = options("QuantizeOptions")
    rounding.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
    return rounding


def _quantize_code(model: Any) -> int:
    for number, code in enumerate(model.operatorCodes):
        if builtin(code) == _B.QUANTIZE:
            return number
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _B.QUANTIZE
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
