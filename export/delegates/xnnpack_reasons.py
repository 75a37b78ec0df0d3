"""Why XNNPACK leaves an operator: its plan says that it does, and nothing says why.

What each reason holds for is from ``delegates/xnnpack/xnnpack_delegate.cc`` of LiteRT, and from
asking ai-edge-litert 2.3.0 about the operators of all of ONNX's cases: the tests demand that no
reason holds for an operator that it takes.
"""

from __future__ import annotations

from collections.abc import Callable

from _edgeship.export.delegates.operation import Operation

#: Operators of the schema that it was never seen to take, and that its source does not have.
_NONE = {
    *("ARG_MAX", "ARG_MIN", "BITCAST", "BITWISE_XOR", "CAST", "CUMSUM", "EQUAL", "FLOOR_MOD"),
    *("GATHER", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_NOT"),
    *("LOGICAL_OR", "LOG_SOFTMAX", "MIRROR_PAD", "NOT_EQUAL", "ONE_HOT", "PADV2", "POW"),
    *("REDUCE_PROD", "RELU_0_TO_1", "RESIZE_NEAREST_NEIGHBOR", "RIGHT_SHIFT", "SCATTER_ND"),
    *("SELECT_V2", "SIGN", "TILE", "TOPK_V2"),
}

#: Operators that it has for float32 only.
_NOT_IN_8_BITS = {
    *("ABS", "CEIL", "COS", "EXP", "FLOOR", "GELU", "LOG", "MAXIMUM", "MINIMUM", "NEG", "PRELU"),
    *("RELU", "ROUND", "RSQRT", "SIN", "SQRT"),
}

_COMPUTES_ON = ("float32", "int8", "uint8", "float16")

#: The schema's number for it.
_SAME = 0

_MOST_AXES = 6
_MOST_JOINED = 5
_MOST_PARTS = 4


def reason(operation: Operation) -> str:
    """Return why XNNPACK leaves an operator; "" if that is not known."""
    return next((found for find in _REASONS if (found := find(operation))), "")


def _unknown(op: Operation) -> str:
    return "it has no such operator" if op.kind in _NONE else ""


def _steps(op: Operation) -> str:
    if op.kind != "STRIDED_SLICE" or set(op.read[3].values or ()) <= {1}:
        return ""
    return "it slices in steps of 1 only"


def _types(op: Operation) -> str:
    for one in (*op.read, *op.outputs):
        if one.constant:
            continue
        if one.dtype not in _COMPUTES_ON:
            return f"it does not compute on {one.dtype}"
        if one.dtype in ("int8", "uint8") and one.scales == 0:
            return f"it takes {one.dtype} with a scale only"
        if one.dtype == "int8" and op.kind in _NOT_IN_8_BITS:
            return "it has no such operator for 8 bits"
    return ""


def _axes(op: Operation) -> str:
    most = max((one.rank for one in (*op.read, *op.outputs)), default=0)
    return f"it takes up to {_MOST_AXES} axes" if most > _MOST_AXES else ""


def _joined(op: Operation) -> str:
    if op.kind != "CONCATENATION" or len(op.inputs) <= _MOST_JOINED:
        return ""
    return f"it joins up to {_MOST_JOINED} tensors"


def _parts(op: Operation) -> str:
    if op.kind != "SPLIT" or len(op.outputs) <= _MOST_PARTS:
        return ""
    return f"it splits into up to {_MOST_PARTS} parts"


def _windows(op: Operation) -> str:
    if op.kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        extents = int(op.options["filterHeight"]), int(op.options["filterWidth"])
    elif op.kind == "TRANSPOSE_CONV" and op.options["padding"] == _SAME:
        extents = op.read[1].shape[1], op.read[1].shape[2]
    else:
        return ""
    strides = op.options["strideH"], op.options["strideW"]
    gaps = any(stride > extent for stride, extent in zip(strides, extents, strict=True))
    return "it takes windows without gaps between them only" if gaps else ""


_REASONS: tuple[Callable[[Operation], str], ...] = (
    *(_unknown, _steps, _types, _axes, _joined, _parts, _windows),
)
