"""Changes of type."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import TENSOR_TYPES, options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Cast")
def cast(ctx: Context, node: ir.Node) -> None:
    """CAST; none between floating types, which are all float32 here."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = dtype_of(x), dtype_of(y)
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.astype(after))
        return
    if before == after:
        ctx.alias(y, x)
        return
    perm = ctx.perm(x)
    opts = options("CastOptions", inDataType=TENSOR_TYPES[before], outDataType=TENSOR_TYPES[after])
    ctx.emit("CAST", [ctx.read(x, perm)], y, perm, opts)


@lowers("BitCast")
def bit_cast(ctx: Context, node: ir.Node) -> None:
    """BITCAST, to a type as wide; of truth values CAST, since on a GPU these are no bytes."""
    x, y = attributes.source(node), node.outputs[0]
    widths = {value.dtype.itemsize for value in (x, y) if value.dtype is not None}
    if widths != {dtype_of(y).itemsize}:
        raise Unsupported("bits of a type that is stored as another, or of types of two widths")
    if dtype_of(x) == np.bool_:
        cast(ctx, node)
        return
    perm = ctx.perm(x)
    ctx.emit("BITCAST", [ctx.read(x, perm)], y, perm, options("BitcastOptions"))
