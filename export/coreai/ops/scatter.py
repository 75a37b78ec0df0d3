"""Elements that are written to places given by indices."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.gather import from_the_front
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: ONNX's reduction -> Core AI's mode.
_MODES = {"none": "update", "add": "add", "mul": "mul", "max": "max", "min": "min"}


@lowers("ScatterND")
def scatter_nd(ctx: Context, node: ir.Node) -> None:
    """Core AI's scatter_nd, which replaces elements and does nothing else with them."""
    if attributes.text(node, "reduction", "none") != "none":
        raise Unsupported("ScatterND with a reduction")
    x, y = attributes.source(node), node.outputs[0]
    indices = ctx.cast(ctx.read(attributes.source(node, 1)), np.int32)
    updates = ctx.variable(ctx.read(attributes.source(node, 2)))
    ctx.emit("scatter_nd", y, ctx.variable(ctx.read(x)), indices, updates)


@lowers("ScatterElements", "Scatter")
def scatter_elements(ctx: Context, node: ir.Node) -> None:
    """scatter_along_axis; scatter_nd if the updates are smaller than the tensor on other axes."""
    x, y, updates = attributes.source(node), node.outputs[0], attributes.source(node, 2)
    shape, reached = ctx.shape(x), ctx.shape(updates)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    mode = attributes.text(node, "reduction", "none")
    if mode not in _MODES:
        raise Unsupported(f"a scatter with reduction {mode}")
    indices = from_the_front(ctx, ctx.read(attributes.source(node, 1)), shape[axis])
    data, written = (ctx.variable(ctx.read(value)) for value in (x, updates))
    if all(e == r for i, (e, r) in enumerate(zip(shape, reached, strict=True)) if i != axis):
        kind = ctx.library.TensorType(shape, ctx.dtype(x).type)
        ctx.emit(
            "scatter_along_axis",
            y,
            kind,
            data,
            ctx.variable(indices),
            written,
            np.int32(axis),
            scatter_mode=_MODES[mode],
        )
        return
    if mode != "none":
        raise Unsupported("a scatter with a reduction of fewer elements than the tensor has")
    ctx.emit("scatter_nd", y, data, _coordinates(ctx, indices, axis, reached), written)


def _coordinates(ctx: Context, indices: Operand, axis: int, shape: tuple[int, ...]) -> Operand:
    """Return the whole place of each element, (..., rank), of which one axis is given."""
    grids = [grid.astype(np.int32) for grid in np.indices(shape)]
    if isinstance(indices, np.ndarray):
        grids[axis] = indices
        return np.stack(grids, axis=-1).astype(np.int32)
    parts = [ctx.variable(grid[..., None]) for grid in grids]
    parts[axis] = ctx.reshape(indices, (*shape, 1))
    return ctx.temporary("concat", np.int32(len(shape)), parts)
