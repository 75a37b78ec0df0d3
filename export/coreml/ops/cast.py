"""Changes of type."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, mil_dtype
from _edgeship.export.coreml.ops.integers import emit_wrapped, holds
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@lowers("Cast", "CastLike")
def cast(ctx: Context, node: ir.Node) -> None:
    """cast; nothing between floating point types, all float32 here, or to a wider integer."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = mil_dtype(x), mil_dtype(y)
    data = ctx.constant(x)
    if data is not None and y.dtype is not None:
        if data.dtype.kind not in "fiub":
            raise Unsupported(f"{x.name} has type {data.dtype.name}")
        ctx.fold(y, data.astype(y.dtype.numpy() if after != "fp32" else "float32"))
    elif before != after:
        ctx.emit("cast", y, x=ctx.read(x), dtype=after)
    elif before == "int32" and not holds(y, x):
        emit_wrapped(ctx, "identity", y, x=ctx.read(x))
    else:
        ctx.alias(y, x)
