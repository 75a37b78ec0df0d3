"""NHWC images, which sliding windows need; a rank-3 value (N, C, L) is one of height 1."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.types import dtype_of

_ROWS = (0, 2, 1)


def read(ctx: Context, x: ir.Value) -> int:
    """Return an NHWC tensor of rank 4 that holds a value of rank 3 or 4."""
    shape = ctx.shape(x)
    if len(shape) == 4:
        return ctx.read(x, layout.channels_last(4))
    return ctx.reshape(ctx.read(x, _ROWS), (shape[0], 1, shape[2], shape[1]))


def shape_of(ctx: Context, y: ir.Value) -> Shape:
    """Return the shape of a value of rank 3 or 4 as an NHWC image."""
    batch, channels, *spatial = ctx.shape(y)
    return (batch, *([1] * (2 - len(spatial))), *spatial, channels)


def emit(ctx: Context, kind: str, inputs: list[int], y: ir.Value, opts: Any) -> None:
    """Append an operator whose result is an NHWC image that holds ``y``."""
    if len(ctx.shape(y)) == 4:
        ctx.emit(kind, inputs, y, opts=opts)
        return
    name = f"{y.name}/image"
    tensor = ctx.temporary(kind, inputs, shape_of(ctx, y), name, opts, dtype_of(y))
    rows = layout.permuted(ctx.shape(y), _ROWS)
    ctx.bind(y, ctx.reshape(tensor, rows), _ROWS)
