"""Reductions over axes."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import dtype_of

_KINDS = {
    "ReduceMean": "reduce_mean",
    "ReduceSum": "reduce_sum",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
}
_GLOBAL_POOLS = {"GlobalAveragePool": "reduce_mean", "GlobalMaxPool": "reduce_max"}


@lowers(*_KINDS)
def reduction(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same meaning, such as reduce_mean."""
    if node.op_type == "ReduceMean" and dtype_of(attributes.source(node)).kind != "f":
        raise Unsupported("the mean of integers, whose rounding MIL does not document")
    keep = bool(attributes.integer(node, "keepdims", 1))
    _reduce(ctx, _KINDS[node.op_type], node, parameters.reduced_axes(ctx, node), keep)


@lowers(*_GLOBAL_POOLS)
def global_pool(ctx: Context, node: ir.Node) -> None:
    """reduce_mean or reduce_max over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    _reduce(ctx, _GLOBAL_POOLS[node.op_type], node, list(range(2, rank)), True)


def _reduce(ctx: Context, kind: str, node: ir.Node, axes: list[int], keep: bool) -> None:
    x, y = attributes.source(node), node.outputs[0]
    if axes:
        ctx.emit(kind, y, x=ctx.read(x), axes=sorted(axes), keep_dims=keep)
    else:
        ctx.alias(y, x)
