"""Reductions over axes."""

from __future__ import annotations

import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context
from export.tflite.graph import options
from export.tflite.layout import Perm
from export.tflite.ops import attributes
from export.tflite.ops.registry import lowers

_KINDS = {
    "ReduceMean": "MEAN",
    "ReduceSum": "SUM",
    "ReduceMax": "REDUCE_MAX",
    "ReduceMin": "REDUCE_MIN",
}


@lowers(*_KINDS)
def reduction(ctx: Context, node: ir.Node) -> None:
    """MEAN, SUM, REDUCE_MAX or REDUCE_MIN in the order in which the input lies."""
    x = attributes.source(node)
    rank = len(ctx.shape(x))
    axes = attributes.integers_anywhere(ctx, node, "axes", 1)
    if not axes:
        if attributes.integer(node, "noop_with_empty_axes", 0):
            ctx.bind(node.outputs[0], ctx.read(x, ctx.perm(x)), ctx.perm(x))
            return
        axes = list(range(rank))
    keep = bool(attributes.integer(node, "keepdims", 1))
    reduce(ctx, _KINDS[node.op_type], node, [axis % rank for axis in axes], keep)


@lowers("GlobalAveragePool")
def global_average_pool(ctx: Context, node: ir.Node) -> None:
    """MEAN over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    reduce(ctx, "MEAN", node, list(range(2, rank)), True)


@lowers("GlobalMaxPool")
def global_max_pool(ctx: Context, node: ir.Node) -> None:
    """REDUCE_MAX over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    reduce(ctx, "REDUCE_MAX", node, list(range(2, rank)), True)


def reduce(ctx: Context, kind: str, node: ir.Node, axes: list[int], keep: bool) -> None:
    """Append a reduction over ONNX axes."""
    x, y = attributes.source(node), node.outputs[0]
    perm = ctx.perm(x)
    stored_axes = sorted(perm.index(axis) for axis in axes)
    inputs = [ctx.read(x, perm), ctx.ints("axes", stored_axes)]
    result = perm if keep else _without(perm, axes)
    tensor = ctx.emit(kind, inputs, y, result, options("ReducerOptions", keepDims=keep))
    if not ctx.graph.tensors[tensor].shape and result:
        raise AssertionError("a reduction lost its axes")


def _without(perm: Perm, axes: list[int]) -> Perm:
    left = [axis for axis in perm if axis not in axes]
    return layout.permuted([sorted(left).index(axis) for axis in left], tuple(range(len(left))))
