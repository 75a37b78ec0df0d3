"""Elements that are picked by indices."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.picking import pick, slice_inputs
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


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
    """gather_nd of constant indices; as Gather if they are along the first axis alone."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    indices = ctx.required_constant(attributes.source(node, 1), "the indices of GatherND")
    batch = attributes.integer(node, "batch_dims", 0)
    depth = indices.shape[-1]
    indices = indices % np.asarray(shape[batch : batch + depth])
    if batch == 0 and depth == 1 and indices.ndim > 1:
        pick(ctx, x, y, {0: indices[..., 0]})
        return
    if batch and ctx.ios < 16:
        raise Unsupported("GatherND with batch_dims needs iOS 16")
    ctx.emit(
        "gather_nd",
        y,
        x=ctx.read(x),
        indices=indices.astype(np.int32),
        batch_dims=batch or None,
    )
