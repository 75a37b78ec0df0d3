"""Reductions over axes."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.ops.registry import lowers

_KINDS = {
    "ReduceMean": "MEAN",
    "ReduceSum": "SUM",
    "ReduceMax": "REDUCE_MAX",
    "ReduceMin": "REDUCE_MIN",
    "ReduceProd": "REDUCE_PROD",
}


@lowers(*_KINDS)
def reduction(ctx: Context, node: ir.Node) -> None:
    """MEAN, SUM, REDUCE_MAX, REDUCE_MIN or REDUCE_PROD in the order in which the input lies."""
    keep = bool(attributes.integer(node, "keepdims", 1))
    _reduce(ctx, _KINDS[node.op_type], node, parameters.reduced_axes(ctx, node), keep)


@lowers("GlobalAveragePool")
def global_average_pool(ctx: Context, node: ir.Node) -> None:
    """MEAN over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    _reduce(ctx, "MEAN", node, list(range(2, rank)), True)


@lowers("GlobalMaxPool")
def global_max_pool(ctx: Context, node: ir.Node) -> None:
    """REDUCE_MAX over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    _reduce(ctx, "REDUCE_MAX", node, list(range(2, rank)), True)


def _reduce(ctx: Context, kind: str, node: ir.Node, axes: list[int], keep: bool) -> None:
    """Append a reduction over ONNX axes."""
    x, y = attributes.source(node), node.outputs[0]
    if not axes:
        ctx.alias(y, x)
        return
    perm = ctx.perm(x)
    stored_axes = sorted(perm.index(axis) for axis in axes)
    inputs = [ctx.read(x, perm), ctx.ints("axes", stored_axes)]
    result = perm if keep else layout.without(perm, axes)
    ctx.emit(kind, inputs, y, result, options("ReducerOptions", keepDims=keep))
