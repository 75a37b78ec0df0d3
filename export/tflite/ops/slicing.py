"""Joining and cutting tensors."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.slicing import sliced
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.layout import Perm, permuted
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Concat")
def concat(ctx: Context, node: ir.Node) -> None:
    """CONCATENATION along the axis where it lies."""
    values = [value for value in node.inputs if value is not None]
    if len(values) == 1:
        ctx.alias(node.outputs[0], values[0])
        return
    perm = ctx.common_order(values)
    axis = attributes.integer(node, "axis", 0) % len(perm)
    inputs = [ctx.read(value, perm) for value in values]
    opts = options("ConcatenationOptions", axis=perm.index(axis))
    ctx.emit("CONCATENATION", inputs, node.outputs[0], perm, opts)


@lowers("Split")
def split(ctx: Context, node: ir.Node) -> None:
    """SPLIT into equal parts, else one SLICE for each part."""
    x = attributes.source(node)
    perm, shape = ctx.perm(x), ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    outputs = [output for output in node.outputs if 0 not in (static_shape(output) or ())]
    sizes = [ctx.shape(output)[axis] for output in outputs]
    if len(sizes) == 1:
        ctx.alias(outputs[0], x)
        return
    tensor = ctx.read(x, perm)
    if len(set(sizes)) == 1:
        inputs = [ctx.ints("axis", perm.index(axis)), tensor]
        opts = options("SplitOptions", numSplits=len(sizes))
        ctx.emit_all("SPLIT", inputs, outputs, perm, opts)
        return
    start = 0
    for output, size in zip(outputs, sizes, strict=True):
        begin = [start if i == axis else 0 for i in range(len(shape))]
        _slice(ctx, tensor, output, perm, begin)
        start += size


def _slice(ctx: Context, tensor: int, y: ir.Value, perm: Perm, begin: list[int]) -> None:
    size = permuted(ctx.shape(y), perm)
    inputs = [tensor, ctx.ints("begin", permuted(begin, perm)), ctx.ints("size", size)]
    ctx.emit("SLICE", inputs, y, perm, options("SliceOptions"))


@lowers("Slice")
def slice_(ctx: Context, node: ir.Node) -> None:
    """SLICE, or STRIDED_SLICE where a step is not 1."""
    x, y = attributes.source(node), node.outputs[0]
    perm, shape = ctx.perm(x), ctx.shape(x)
    kept = sliced(ctx, node, shape)
    ranges = [kept.get(axis, range(extent)) for axis, extent in enumerate(shape)]
    if any(len(r) == 0 for r in ranges):
        raise Unsupported("a slice without elements")
    if ranges == [range(extent) for extent in shape]:
        ctx.alias(y, x)
        return
    tensor = ctx.read(x, perm)
    begin = [r.start for r in ranges]
    if all(r.step == 1 for r in ranges):
        _slice(ctx, tensor, y, perm, begin)
        return
    # A range that runs down to the first element has no end that is an index: mask it.
    masked = sum(1 << k for k, axis in enumerate(perm) if ranges[axis].stop < 0)
    inputs = [
        tensor,
        ctx.ints("begin", permuted(begin, perm)),
        ctx.ints("end", permuted([max(r.stop, 0) for r in ranges], perm)),
        ctx.ints("strides", permuted([r.step for r in ranges], perm)),
    ]
    ctx.emit("STRIDED_SLICE", inputs, y, perm, options("StridedSliceOptions", endMask=masked))
