"""Elements that are picked by indices."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.indices import from_the_front, indices_of, with_coordinates
from _edgeship.export.coreml.ops.picking import pick, slice_inputs
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes


@lowers("Gather")
def gather(ctx: Context, node: ir.Node) -> None:
    """gather; slice_by_index for constant indices at equal distances, which runs everywhere."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = ctx.constant(attributes.source(node, 1))
    if indices is None:
        # Negative ones count from the end up to iOS 16; for later ones coremltools adds operators.
        computed = ctx.read(attributes.source(node, 1))
        ctx.emit("gather", y, x=ctx.read(x), indices=computed, axis=axis)
        return
    indices = indices % shape[axis]
    if indices.ndim > 0:
        pick(ctx, x, y, {axis: indices})
        return
    kept = [range(extent) for extent in shape]
    kept[axis] = range(int(indices), int(indices) + 1)
    squeezed = [i == axis for i in range(len(shape))]
    ctx.emit("slice_by_index", y, x=ctx.read(x), squeeze_mask=squeezed, **slice_inputs(kept))


@lowers("GatherND")
def gather_nd(ctx: Context, node: ir.Node) -> None:
    """gather_nd; as Gather if constant indices are along the first axis alone.

    Axes of a batch become coordinates like the others, since batch_dims needs iOS 16.
    """
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    batch = attributes.integer(node, "batch_dims", 0)
    indices = indices_of(ctx, attributes.source(node, 1))
    depth = indices.shape[-1]
    indices = from_the_front(ctx, indices, shape[batch : batch + depth], f"{y.name}/indices")
    constant = isinstance(indices, np.ndarray)
    if constant and batch == 0 and depth == 1 and len(indices.shape) > 1:
        pick(ctx, x, y, {0: indices[..., 0]})
        return
    inputs: dict[str, Operand] = {"x": ctx.read(x), "indices": indices}
    if batch and ctx.ios >= 16:
        inputs["batch_dims"] = batch
    elif batch:
        grids = list(np.indices(tuple(indices.shape)[:-1])[:batch])
        inputs["indices"] = with_coordinates(ctx, indices, grids, str(y.name))
    ctx.emit("gather_nd", y, **inputs)


@lowers("GatherElements")
def gather_elements(ctx: Context, node: ir.Node) -> None:
    """gather_along_axis, of the part of the operand that the indices reach."""
    x, y = attributes.source(node), node.outputs[0]
    shape, reached = ctx.shape(x), ctx.shape(y)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = indices_of(ctx, attributes.source(node, 1))
    indices = from_the_front(ctx, indices, shape[axis], f"{y.name}/indices")
    operand = ctx.read(x)
    kept = [
        range(e if i == axis else r) for i, (e, r) in enumerate(zip(shape, reached, strict=True))
    ]
    if [len(part) for part in kept] != list(shape):
        operand = ctx.temporary("slice_by_index", f"{y.name}/part", x=operand, **slice_inputs(kept))
    ctx.emit("gather_along_axis", y, x=operand, indices=indices, axis=axis)
