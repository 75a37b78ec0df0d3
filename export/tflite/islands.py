"""Operators that would stay in float in the middle of an integer network, with conversions around.

litert-quantizer has rules for a fixed set of operators and puts DEQUANTIZE and QUANTIZE around all
others. LiteRT has integer kernels for many of those, and what they demand of scales is what an
operator of the fixed set demands. So the quantizer is shown that operator in their place, and the
true one is put back when it is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import builtin, shape_of
from _edgeship.export.tflite.reading import ModelRecord

_B = schema.BuiltinOperator
_BOTH = (8, 16)

#: Operator -> (the one with its rule, the bits of the activations that its kernels take). RELU
#: stands for any function of one tensor with a range of its own for the result, MUL for one of two
#: tensors, and the others for operators that keep the integers as they are. The quantizer loads the
#: network it is shown, so shapes must agree: hence RESHAPE for DEPTH_TO_SPACE, and no TILE. NEG is
#: missing because its integer kernels came without a version of their own: an old runtime would
#: take the file and fail on it.
_STAND_INS: dict[int, tuple[int, tuple[int, ...]]] = {
    _B.ABS: (_B.RELU, _BOTH),
    _B.DEPTH_TO_SPACE: (_B.RESHAPE, (8,)),
    _B.ELU: (_B.RELU, (8,)),
    _B.EXP: (_B.RELU, _BOTH),
    _B.LEAKY_RELU: (_B.RELU, _BOTH),
    _B.LOG: (_B.RELU, _BOTH),
    _B.MINIMUM: (_B.MAXIMUM, _BOTH),
    # The int16 kernel of PRELU computes nonsense instead of refusing.
    _B.PRELU: (_B.MUL, (8,)),
    _B.REDUCE_MAX: (_B.REDUCE_MIN, _BOTH),
    _B.RELU6: (_B.RELU, _BOTH),
    _B.RELU_0_TO_1: (_B.RELU, (8,)),
    _B.RELU_N1_TO_1: (_B.RELU, (8,)),
}

_CONVERSIONS = ("DEQUANTIZE", "QUANTIZE")


def disguise(model: Any, bits: int) -> list[int]:
    """Let operators stand in for those that the quantizer has no rule for, in place.

    Args:
        model: The float file as the schema's ``ModelT``.
        bits: Of the activations: 8 or 16.

    Returns:
        The true kind of each entry of ``operatorCodes``, for `reveal`.
    """
    true = [builtin(code) for code in model.operatorCodes]
    for code, kind in zip(model.operatorCodes, true, strict=True):
        stand_in, takes = _STAND_INS.get(kind, (kind, ()))
        if bits in takes:
            _set_kind(code, stand_in)
            if kind == _B.DEPTH_TO_SPACE:
                _set_options(model, code, _reshape_options)
    return true


def reveal(model: Any, true: list[int]) -> None:
    """Put the true operators back, in place.

    Args:
        model: What the quantizer made of the disguised model; it appends to ``operatorCodes``.
        true: What `disguise` returned.
    """
    for code, kind in zip(model.operatorCodes, true, strict=False):
        expected = _STAND_INS.get(kind, (kind, ()))[0]
        if builtin(code) not in (kind, expected):
            raise AssertionError("the quantizer reordered the operator codes")
        _set_kind(code, kind)
        if kind == _B.DEPTH_TO_SPACE:
            _set_options(model, code, _depth_to_space_options)


def float_islands(model: ModelRecord) -> list[str]:
    """Return what an integer file still computes in float, such as ``["9 HARD_SWISH"]``.

    Args:
        model: A file with int8 or int16 activations.
    """
    graph = model.subgraphs[0]
    found: Counter[str] = Counter()
    for operator in graph.operators:
        dtypes = {graph.tensors[index].dtype for index in operator.outputs}
        if operator.kind not in _CONVERSIONS and "float32" in dtypes:
            found[operator.kind] += 1
    return [f"{count} {name}" for name, count in sorted(found.items())]


def _set_options(model: Any, code: Any, make: Callable[[Any, Any], Any]) -> None:
    """Give the operators of one code options made from their input and output."""
    graph = model.subgraphs[0]
    for op in graph.operators:
        if model.operatorCodes[op.opcodeIndex] is code:
            op.builtinOptions = make(graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]])
            union = type(op.builtinOptions).__name__.removesuffix("T")
            op.builtinOptionsType = getattr(schema.BuiltinOptions, union)


def _reshape_options(source: Any, result: Any) -> Any:
    return options("ReshapeOptions", newShape=list(shape_of(result)))


def _depth_to_space_options(source: Any, result: Any) -> Any:
    return options("DepthToSpaceOptions", blockSize=shape_of(result)[1] // shape_of(source)[1])


def _set_kind(code: Any, kind: int) -> None:
    code.builtinCode = kind
    code.deprecatedBuiltinCode = min(kind, 127)
