"""Which types of elements the GPU accelerator's operators compute on.

Source: ``GetOpsToReplaceWithOptions`` in ``ml_drift_delegate/tflite/model_builder.cc`` of LiteRT.
Constants may be of any type.
"""

from __future__ import annotations

from _edgeship.export.delegates.operation import Operand, Operation

_FLOATS = {"float32", "float16", "int8", "uint8", "int4", "bool"}
_INTEGERS = {"int8", "int16", "int32"}
_ANY = {*_INTEGERS, "uint8", "uint16", "uint32", "float32", "float16", "bfloat16", "bool"}

COMPARING = {"GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL"}
LOGICAL = {"LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "BITWISE_XOR"}

#: Operators that compute on integers, too.
_ON_INTEGERS = {
    *("ABS", "ADD", "ATAN2", "COS", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "MUL"),
    *("NEG", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "RIGHT_SHIFT", "SIGN", "SIN", "SUB"),
    *("SUM", "TILE"),
}

#: Operators that move elements, whatever they are.
_MOVING = {
    *("BITCAST", "CAST", "CONCATENATION", "DYNAMIC_UPDATE_SLICE", "GATHER", "PACK", "PAD"),
    *("PADV2", "RESHAPE", "REVERSE_V2", "SELECT", "SELECT_V2", "SLICE", "STRIDED_SLICE"),
    "TRANSPOSE",
}


def refused_operand(operation: Operation) -> Operand | None:
    """Return the first tensor whose type an operator does not take; None if it takes all."""
    for operands, allowed in (
        (operation.read, _read(operation.kind)),
        (operation.outputs, _written(operation.kind)),
    ):
        for one in operands:
            if not one.constant and one.dtype not in allowed:
                return one
    return None


def _read(kind: str) -> set[str]:
    if kind in LOGICAL:
        return {"bool", *_INTEGERS}
    if kind in ("REDUCE_ALL", "REDUCE_ANY"):
        return {"bool"}
    allowed = set(_FLOATS)
    if kind in COMPARING or kind in _ON_INTEGERS:
        allowed |= _INTEGERS
    if kind in COMPARING:
        allowed |= {"uint8", "uint16", "uint32"}
    if kind in ("EMBEDDING_LOOKUP", "ONE_HOT", "DYNAMIC_UPDATE_SLICE"):
        allowed |= {"int32"}
    return allowed | _ANY if kind in _MOVING else allowed


def _written(kind: str) -> set[str]:
    if kind in LOGICAL:
        return {"bool", *_INTEGERS}
    if kind in ("REDUCE_ALL", "REDUCE_ANY"):
        return {"bool"}
    if kind == "ARG_MAX":
        return {"int32"}
    allowed = {"float32", "float16", "int8", "uint8"}
    if kind in COMPARING:
        allowed |= {"bool"}
    if kind == "TOPK_V2":
        allowed |= {"int32"}
    if kind in _ON_INTEGERS:
        allowed |= _INTEGERS
    return allowed | _ANY if kind in _MOVING else allowed
