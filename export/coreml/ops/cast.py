"""Changes of type."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, mil_dtype
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.values import dtype_of


@lowers("Cast")
def cast(ctx: Context, node: ir.Node) -> None:
    """cast; nothing between floating point types, all float32 here, or between integer types."""
    x, y = attributes.source(node), node.outputs[0]
    data = ctx.constant(x)
    if data is not None:
        ctx.fold(y, data.astype(dtype_of(y)))
    elif mil_dtype(x) == mil_dtype(y):
        ctx.alias(y, x)
    else:
        ctx.emit("cast", y, x=ctx.read(x), dtype=mil_dtype(y))
