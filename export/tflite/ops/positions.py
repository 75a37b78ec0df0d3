"""Where the largest and smallest elements are."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.lowering import attributes
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.shape import emit_reshape
from _edgeship.export.tflite.ops.taking import take

_KINDS = {"ArgMax": ("ARG_MAX", "ArgMaxOptions"), "ArgMin": ("ARG_MIN", "ArgMinOptions")}


@lowers(*_KINDS)
def arg(ctx: Context, node: ir.Node) -> None:
    """ARG_MAX or ARG_MIN; for the last of equal elements, on the elements in reverse."""
    x, y = attributes.source(node), node.outputs[0]
    kind, kind_options = _KINDS[node.op_type]
    perm, shape = ctx.perm(x), ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    stored = perm.index(axis)
    tensor = ctx.read(x, perm)
    last = bool(attributes.integer(node, "select_last_index", 0))
    if last:
        tensor = take(ctx, tensor, stored, np.arange(shape[axis])[::-1])
    inputs = [tensor, ctx.ints("axis", stored)]
    opts = options(kind_options, outputType=schema.TensorType.INT64)
    result = layout.without(perm, [axis])
    left = layout.permuted([extent for i, extent in enumerate(shape) if i != axis], result)
    dtype = np.dtype(np.int64)
    found = ctx.temporary(kind, inputs, left, f"{y.name}/position", opts, dtype)
    if last:
        inputs = [ctx.graph.constant("last", np.asarray(shape[axis] - 1, np.int64)), found]
        found = ctx.temporary("SUB", inputs, left, f"{y.name}/last", options("SubOptions"))
    emit_reshape(ctx, found, y, perm if attributes.integer(node, "keepdims", 1) else result)


@lowers("TopK")
def top_k(ctx: Context, node: ir.Node) -> None:
    """TOPK_V2 over the axis, which is brought to the end; the smallest are the largest negated."""
    x = attributes.source(node)
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", -1) % len(shape)
    count = int(ctx.required_constant(node.inputs[1], "the number of elements of TopK").item())
    perm = (*(i for i in ctx.perm(x) if i != axis), axis)
    values, positions = node.outputs
    largest = bool(attributes.integer(node, "largest", 1))
    stored = layout.permuted(shape, perm)
    tensor = ctx.read(x, perm)
    if not largest:
        tensor = _negated(ctx, tensor)
    found = (*stored[:-1], count)
    dtype = ctx.graph.tensors[tensor].dtype
    best = ctx.graph.tensor(f"{values.name}/top", found, dtype)
    where = ctx.graph.tensor(f"{positions.name}/top", found, np.int32)
    inputs = [tensor, ctx.ints("k", count)]
    ctx.append("TOPK_V2", inputs, [best, where], options("TopKV2Options"))
    best = best if largest else _negated(ctx, best)
    ctx.bind(values, ctx.cast(best, dtype_of(values)), perm)
    ctx.bind(positions, ctx.cast(where, dtype_of(positions)), perm)


def _negated(ctx: Context, tensor: int) -> int:
    """Return the numbers with the other sign, in a type that holds them."""
    source = ctx.graph.tensors[tensor]
    if source.dtype not in (np.float32, np.int32, np.int64):
        tensor = ctx.cast(tensor, np.dtype(np.int64 if source.dtype == np.uint32 else np.int32))
    name = f"{source.name}/negated"
    return ctx.temporary("NEG", [tensor], source.shape, name, options("NegOptions"))
