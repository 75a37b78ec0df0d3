"""Reductions over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, integers
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.unsupported import Unsupported

_KINDS = {
    "ReduceMean": "reduce_mean",
    "ReduceSum": "reduce_sum",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_product",
}
_OF_BOOLEANS = {"ReduceMax": "any_", "ReduceMin": "all_"}
_GLOBAL_POOLS = {"GlobalAveragePool": "reduce_mean", "GlobalMaxPool": "reduce_max"}


@lowers(*_KINDS)
def reduction(ctx: Context, node: ir.Node) -> None:
    """The operator of the same meaning, and a reshape where the axes go; any or all of booleans."""
    x = attributes.source(node)
    axes = sorted(parameters.reduced_axes(ctx, node))
    kind = _KINDS[node.op_type]
    dtype = ctx.dtype(x)
    if dtype == np.bool_:
        if node.op_type not in _OF_BOOLEANS:
            raise Unsupported(f"{node.op_type} of booleans")
        kind = _OF_BOOLEANS[node.op_type]
    if not axes:
        ctx.alias(node.outputs[0], x)
        return
    if node.op_type == "ReduceMean" and dtype.kind != "f":
        _mean_of_integers(ctx, node, axes)
        return
    _emit(ctx, node, ctx.temporary(kind, ctx.read(x), integers(axes)), kind)


def _mean_of_integers(ctx: Context, node: ir.Node, axes: Sequence[int]) -> None:
    """Append the sum, divided by the number of elements and rounded towards zero."""
    x = attributes.source(node)
    count = math.prod(ctx.shape(x)[axis] for axis in axes)
    total = ctx.temporary("reduce_sum", ctx.read(x), integers(axes))
    mean = ctx.temporary("broadcasting_divide", total, ctx.number(x, count))
    _emit(ctx, node, mean, "divide")


@lowers(*_GLOBAL_POOLS)
def global_pool(ctx: Context, node: ir.Node) -> None:
    """reduce_mean or reduce_max over the spatial axes."""
    x = attributes.source(node)
    kind = _GLOBAL_POOLS[node.op_type]
    axes = list(range(2, len(ctx.shape(x))))
    _emit(ctx, node, ctx.temporary(kind, ctx.read(x), integers(axes)), kind)


def _emit(ctx: Context, node: ir.Node, reduced: Operand, kind: str) -> None:
    """Bind the node's output to a reduction, which keeps its axes in Core AI."""
    y = node.outputs[0]
    ctx.bind(y, ctx.reshape(reduced, ctx.shape(y)), kind)
