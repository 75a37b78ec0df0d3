"""The types that tensors of a written file have."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import values
from _edgeship.export.lowering.unsupported import Unsupported

#: Besides those that every target takes. LiteRT moves them as they are; where it has no kernel that
#: computes on them, they are computed on as wider integers, and wrap around when they are narrowed.
_NARROW = {
    ir.DataType.INT8,
    ir.DataType.INT16,
    ir.DataType.UINT8,
    ir.DataType.UINT16,
    ir.DataType.UINT32,
}


def dtype_of(value: ir.Value) -> np.dtype[Any]:
    """Return the type in which a value is stored; floating types of 16 bits or more become float32.

    Raises:
        Unsupported: The value is not a tensor, or of a type that LiteRT has no kernels for.
    """
    if value.dtype in _NARROW:
        return np.dtype(value.dtype.numpy())
    if value.dtype == ir.DataType.UINT64:
        raise Unsupported(
            f"{value.name} has type uint64, which LiteRT has no kernels for; use int64"
        )
    return values.dtype_of(value)
