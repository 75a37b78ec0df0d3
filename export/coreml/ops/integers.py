"""Integer arithmetic that MIL has not: division towards zero, and types narrower than 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand

#: Types that wrap around before 32 bits do; they are computed in int32.
NARROW = {
    ir.DataType.INT8,
    ir.DataType.INT16,
    ir.DataType.UINT8,
    ir.DataType.UINT16,
}


def truncated_division(ctx: Context, name: str, x: Operand, y: Operand) -> tuple[Any, Any]:
    """Return the magnitude of a quotient that is rounded towards zero, and its sign.

    MIL's floor_div rounds it down.
    """
    signs = [ctx.temporary("sign", f"{name}/sign", x=operand) for operand in (x, y)]
    sign = ctx.temporary("mul", f"{name}/sign", x=signs[0], y=signs[1])
    sizes = [ctx.temporary("abs", f"{name}/size", x=operand) for operand in (x, y)]
    return ctx.temporary("floor_div", f"{name}/size", x=sizes[0], y=sizes[1]), sign


def emit_wrapped(ctx: Context, kind: str, output: ir.Value, /, **inputs: Operand) -> None:
    """Append an operator whose result wraps around as the ONNX value's type does.

    Integers of 32 bits or more are left to int32.
    """
    if output.dtype not in NARROW:
        ctx.emit(kind, output, **inputs)
        return
    wide = ctx.temporary(kind, f"{output.name}/wide", **inputs)
    limits = np.iinfo(output.dtype.numpy())
    low, count = int(limits.min), int(limits.max) - int(limits.min) + 1
    if low == 0:
        ctx.emit("mod", output, x=wide, y=np.int32(count))
        return
    shifted = ctx.temporary("sub", f"{output.name}/shifted", x=wide, y=np.int32(low))
    rest = ctx.temporary("mod", f"{output.name}/rest", x=shifted, y=np.int32(count))
    ctx.emit("add", output, x=rest, y=np.int32(low))


def holds(value: ir.Value, other: ir.Value) -> bool:
    """Return whether a value's type holds all integers of another's, or none of it wraps here."""
    if value.dtype not in NARROW or value.dtype is None or other.dtype is None:
        return True
    limits, others = np.iinfo(value.dtype.numpy()), np.iinfo(other.dtype.numpy())
    return bool(limits.min <= others.min and others.max <= limits.max)
