"""What LiteRT's kernels take besides float32 tensors.

Found by running every operator with every type and rank through LiteRT's kernels; a file that asks
for more is written without complaint and fails on the device. Integers of 8 and 16 bits are taken
where they are only moved: the kernels that compute on them take them for quantized numbers.
"""

from __future__ import annotations

import numpy as np

DType = np.dtype[np.generic]

_WIDE = "int32 int64"
_MOVING = f"bool int8 uint8 int16 {_WIDE}"
_ANY = f"{_MOVING} uint16 uint32"
_LOGICAL = {"LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "REDUCE_ALL", "REDUCE_ANY"}

_INTEGER = {"BITWISE_XOR", "RIGHT_SHIFT"}

_TAKES = {
    "ABS": "int32",
    "ADD": _WIDE,
    "ARG_MAX": "int32",
    "ARG_MIN": "int32",
    "BITCAST": _ANY,
    "BITWISE_XOR": "int32",
    "BROADCAST_TO": _ANY,
    "CAST": _ANY,
    "CONCATENATION": f"{_MOVING} uint32",
    "CUMSUM": _WIDE,
    "DEPTH_TO_SPACE": _WIDE,
    "DIV": "int32",
    "EQUAL": f"bool {_WIDE}",
    "FLOOR_MOD": _WIDE,
    "GATHER": _MOVING,
    "GATHER_ND": _MOVING,
    "GREATER": _WIDE,
    "GREATER_EQUAL": _WIDE,
    "LESS": _WIDE,
    "LESS_EQUAL": _WIDE,
    "MAXIMUM": _WIDE,
    "MEAN": _WIDE,
    "MINIMUM": _WIDE,
    "MIRROR_PAD": _ANY,
    "MUL": _WIDE,
    "NEG": _WIDE,
    "NOT_EQUAL": f"bool {_WIDE}",
    "ONE_HOT": f"bool int8 uint8 {_WIDE}",
    "PAD": _MOVING,
    "PADV2": _MOVING,
    "POW": "int32",
    "REDUCE_MAX": _WIDE,
    "REDUCE_MIN": _WIDE,
    "REDUCE_PROD": _WIDE,
    "RESHAPE": _ANY,
    "RESIZE_NEAREST_NEIGHBOR": "bool int8 uint8 int16 uint16 int32 uint32",
    "RIGHT_SHIFT": "int32 uint32",
    "SCATTER_ND": f"bool int8 uint8 {_WIDE}",
    "SELECT_V2": _ANY,
    "SIGN": "int32",
    "SLICE": _ANY,
    "SPACE_TO_DEPTH": _WIDE,
    "SPLIT": f"int8 uint8 int16 {_WIDE}",
    "STRIDED_SLICE": _ANY,
    "SUB": _WIDE,
    "SUM": _WIDE,
    "TILE": _ANY,
    "TOPK_V2": _WIDE,
    "TRANSPOSE": _ANY,
}

#: Type -> those that hold all its values, the best to compute in first; but int64 as int32, which
#: holds what networks have of it, indices and extents.
_CARRIERS: dict[str, tuple[str, ...]] = {
    "bool": ("int32",),
    "int8": ("int32",),
    "int16": ("int32",),
    "int64": ("int32",),
    "uint8": ("int32",),
    "uint16": ("int32",),
    "uint32": ("int64", "int32"),
}
#: 8 bits go through pools and resizes as floating numbers, which hold them exactly.
_AS_FLOAT = {"MAX_POOL_2D": ("int8", "uint8")}

#: Operators whose operands are not all, or not first, what they compute on -> those that are.
_OPERANDS: dict[str, tuple[int, ...]] = {
    "ONE_HOT": (2, 3),
    "PADV2": (0, 2),
    "SCATTER_ND": (1,),
    "SELECT_V2": (1, 2),
    "SPLIT": (1,),
    "TRANSPOSE_CONV": (2,),
}
_ALL = {
    "ADD",
    "CONCATENATION",
    "DIV",
    "EQUAL",
    "FLOOR_MOD",
    "GREATER",
    "GREATER_EQUAL",
    "LESS",
    "LESS_EQUAL",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAXIMUM",
    "MINIMUM",
    "MUL",
    "NOT_EQUAL",
    "POW",
    "SUB",
}

_MAX_RANKS = {
    "BATCH_MATMUL": 5,
    "CONCATENATION": 6,
    "MEAN": 6,
    "PAD": 5,
    "PADV2": 5,
    "REDUCE_MAX": 6,
    "REDUCE_MIN": 6,
    "SPLIT": 6,
    "SUM": 6,
}
_MAX_RANK = 8


def operands(kind: str, count: int) -> tuple[int, ...]:
    """Return which of an operator's ``count`` inputs are of the type that it computes on."""
    if kind in _ALL:
        return tuple(range(count))
    return tuple(index for index in _OPERANDS.get(kind, (0,)) if index < count)


def carrier(kind: str, dtype: DType) -> DType | None:
    """Return the type to compute in: the tensors' own, or one to cast them to; None if no kernel.

    Args:
        kind: The operator.
        dtype: Of its operands.
    """
    takes = _TAKES.get(kind, "").split()
    if kind in _LOGICAL:
        return dtype if dtype == np.bool_ else None
    if (dtype == np.float32 and kind not in _INTEGER) or dtype.name in takes:
        return dtype
    if dtype.name in _AS_FLOAT.get(kind, ()):
        return np.dtype(np.float32)
    found = [name for name in _CARRIERS.get(dtype.name, ()) if name in takes]
    return np.dtype(found[0]) if found else None


def problem(kind: str, dtype: DType, rank: int) -> str | None:
    """Return why no kernel takes such tensors, or None if one does, if need be between casts."""
    if carrier(kind, dtype) is None:
        return f"TFLite's {kind} does not take {dtype.name}"
    most = _MAX_RANKS.get(kind, _MAX_RANK)
    return f"TFLite's {kind} takes {most} axes, not {rank}" if rank > most else None
