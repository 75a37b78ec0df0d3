"""Reductions over axes."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, is_float, mil_dtype
from _edgeship.export.coreml.ops.integers import emit_wrapped, truncated_division
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported

_KINDS = {
    "ReduceMean": "reduce_mean",
    "ReduceSum": "reduce_sum",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_prod",
    "ReduceL1": "reduce_l1_norm",
    "ReduceL2": "reduce_l2_norm",
    "ReduceLogSum": "reduce_log_sum",
    "ReduceLogSumExp": "reduce_log_sum_exp",
    "ReduceSumSquare": "reduce_sum_square",
}
_GLOBAL_POOLS = {"GlobalAveragePool": "reduce_mean", "GlobalMaxPool": "reduce_max"}

#: Those of integers that give fractions, which would have to be rounded.
_FRACTIONS = {"ReduceL2", "ReduceLogSum", "ReduceLogSumExp"}

#: What reductions that are not called off do with no axes: a single element is reduced.
_ALONE = {
    "ReduceL1": "abs",
    "ReduceL2": "abs",
    "ReduceLogSum": "log",
    "ReduceSumSquare": "square",
}


@lowers(*_KINDS)
def reduction(ctx: Context, node: ir.Node) -> None:
    """The MIL operator of the same meaning, such as reduce_mean."""
    x = attributes.source(node)
    keep = bool(attributes.integer(node, "keepdims", 1))
    axes = parameters.reduced_axes(ctx, node)
    if mil_dtype(x) == "bool":
        _reduce_booleans(ctx, node, axes, keep)
    elif not is_float(x) and node.op_type == "ReduceMean":
        _mean_of_integers(ctx, node, axes, keep)
    elif not is_float(x) and node.op_type in _FRACTIONS:
        raise Unsupported(f"{node.op_type} of integers, whose rounding MIL does not document")
    elif not axes and node.op_type in _ALONE:
        epsilon = {"epsilon": np.float32(0)} if node.op_type == "ReduceLogSum" else {}
        ctx.emit(_ALONE[node.op_type], node.outputs[0], x=ctx.read(x), **epsilon)
    else:
        _reduce(ctx, _KINDS[node.op_type], node, axes, keep)


def _reduce_booleans(ctx: Context, node: ir.Node, axes: list[int], keep: bool) -> None:
    """Append reduce_max or reduce_min of ones and zeros."""
    x, y = attributes.source(node), node.outputs[0]
    if not axes:
        ctx.alias(y, x)
        return
    ones = ctx.temporary("cast", f"{y.name}/ones", x=ctx.read(x), dtype="int32")
    kind = _KINDS[node.op_type]
    found = ctx.temporary(kind, f"{y.name}/found", x=ones, axes=sorted(axes), keep_dims=keep)
    ctx.emit("cast", y, x=found, dtype="bool")


def _mean_of_integers(ctx: Context, node: ir.Node, axes: list[int], keep: bool) -> None:
    """Append the sum, divided by the number of elements and rounded towards zero."""
    x, y = attributes.source(node), node.outputs[0]
    if not axes:
        ctx.alias(y, x)
        return
    count = np.int32(math.prod(ctx.shape(x)[axis] for axis in axes))
    total = ctx.temporary(
        "reduce_sum", f"{y.name}/sum", x=ctx.read(x), axes=sorted(axes), keep_dims=keep
    )
    size, sign = truncated_division(ctx, str(y.name), total, count)
    ctx.emit("mul", y, x=size, y=sign)


@lowers(*_GLOBAL_POOLS)
def global_pool(ctx: Context, node: ir.Node) -> None:
    """reduce_mean or reduce_max over the spatial axes."""
    rank = len(ctx.shape(attributes.source(node)))
    _reduce(ctx, _GLOBAL_POOLS[node.op_type], node, list(range(2, rank)), True)


def _reduce(ctx: Context, kind: str, node: ir.Node, axes: list[int], keep: bool) -> None:
    x, y = attributes.source(node), node.outputs[0]
    if axes:
        emit_wrapped(ctx, kind, y, x=ctx.read(x), axes=sorted(axes), keep_dims=keep)
    else:
        ctx.alias(y, x)
