"""The types in which the values of an ONNX graph are computed in a Core AI program."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, dtype_of

#: Integers of fewer than 64 bits keep their type, and wrap around as it does.
_NARROW = {
    ir.DataType.INT8,
    ir.DataType.INT16,
    ir.DataType.UINT8,
    ir.DataType.UINT16,
    ir.DataType.UINT32,
}


def type_of(value: ir.Value, real: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of a value in the program; integers of 64 bits are computed in 32.

    Args:
        value: Of the ONNX graph.
        real: The type of floating point numbers.

    Raises:
        Unsupported: Core AI has none for it.
    """
    if value.dtype in _NARROW and isinstance(value.type, ir.TensorType):
        return np.dtype(value.dtype.numpy())
    if value.dtype == ir.DataType.UINT64 and isinstance(value.type, ir.TensorType):
        return np.dtype(np.uint32)
    found = dtype_of(value)
    if found.kind == "f":
        return real
    return np.dtype(np.int32) if found == np.int64 else found


def stored(data: Array, real: np.dtype[Any], name: str) -> Array:
    """Return a constant in the type that the program computes it in.

    A number too large for float16 becomes the largest that it has; infinities stay.

    Raises:
        Unsupported: Its integers need more than 32 bits, or its type has no counterpart.
    """
    if data.dtype.kind == "f":
        return _real(data, real)
    if data.dtype.kind not in "iub":
        raise Unsupported(f"{name} has type {data.dtype.name}")
    if data.dtype not in (np.int64, np.uint64):
        return data
    narrow = np.dtype(np.int32 if data.dtype == np.int64 else np.uint32)
    limits = np.iinfo(narrow)
    if data.size and (data.min() < limits.min or data.max() > limits.max):
        raise Unsupported(f"{name} holds integers of more than 32 bits")
    return data.astype(narrow)


def _real(data: Array, real: np.dtype[Any]) -> Array:
    if real != np.float16:
        return data.astype(real, copy=False)
    largest = float(np.finfo(np.float16).max)
    clipped = np.where(np.isinf(data), data, np.clip(data, -largest, largest))
    return clipped.astype(np.float16)
