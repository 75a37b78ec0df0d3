"""Elements that are written to places given by indices."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.indices import from_the_front, indices_of
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: ONNX's reduction -> MIL's mode.
_MODES = {"none": "update", "add": "add", "mul": "mul", "max": "max", "min": "min"}


@lowers("ScatterND")
def scatter_nd(ctx: Context, node: ir.Node) -> None:
    """MIL's scatter_nd."""
    x, y = attributes.source(node), node.outputs[0]
    indices = indices_of(ctx, attributes.source(node, 1))
    extents = ctx.shape(x)[: indices.shape[-1]]
    ctx.emit(
        "scatter_nd",
        y,
        data=ctx.read(x),
        indices=from_the_front(ctx, indices, extents, f"{y.name}/indices"),
        updates=ctx.read(attributes.source(node, 2)),
        mode=_mode(node),
    )


@lowers("ScatterElements", "Scatter")
def scatter_elements(ctx: Context, node: ir.Node) -> None:
    """scatter_along_axis; scatter_nd if the updates are smaller than the tensor on other axes."""
    x, y, updates = attributes.source(node), node.outputs[0], attributes.source(node, 2)
    shape, reached = ctx.shape(x), ctx.shape(updates)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    indices = indices_of(ctx, attributes.source(node, 1))
    indices = from_the_front(ctx, indices, shape[axis], f"{y.name}/indices")
    inputs: dict[str, Operand] = {
        "data": ctx.read(x),
        "updates": ctx.read(updates),
        "mode": _mode(node),
    }
    if all(e == r for i, (e, r) in enumerate(zip(shape, reached, strict=True)) if i != axis):
        ctx.emit("scatter_along_axis", y, indices=indices, axis=axis, **inputs)
        return
    places = _coordinates(ctx, indices, axis, reached, str(y.name))
    ctx.emit("scatter_nd", y, indices=places, **inputs)


def _coordinates(
    ctx: Context, indices: Operand, axis: int, shape: tuple[int, ...], name: str
) -> Operand:
    """Return the whole place of each element, (..., rank), of which one axis is given."""
    grids = list(np.indices(shape))
    if isinstance(indices, np.ndarray):
        grids[axis] = indices
        return np.stack(grids, axis=-1).astype(np.int32)
    rank = len(shape)
    wide = ctx.temporary("expand_dims", f"{name}/axis", x=indices, axes=[rank])
    parts: list[Operand] = [grid[..., None].astype(np.int32) for grid in grids]
    parts[axis] = wide
    return ctx.temporary("concat", f"{name}/places", values=tuple(parts), axis=rank)


@lowers("MaxUnpool")
def max_unpool(ctx: Context, node: ir.Node) -> None:
    """Scatter into zeros, all flat."""
    x, y = attributes.source(node), node.outputs[0]
    shape, count = ctx.shape(y), int(np.prod(ctx.shape(y)))
    places = indices_of(ctx, attributes.source(node, 1))
    flat = ctx.temporary("reshape", f"{y.name}/flat", x=ctx.read(x), shape=[-1])
    if isinstance(places, np.ndarray):
        places = places.reshape(-1).astype(np.int32)
    else:
        places = ctx.temporary("reshape", f"{y.name}/places", x=places, shape=[-1])
    zeros = ctx.temporary("fill", f"{y.name}/zeros", shape=[count], value=np.float32(0))
    spread = ctx.temporary(
        "scatter",
        f"{y.name}/spread",
        data=zeros,
        indices=places,
        updates=flat,
        axis=0,
        mode="update",
    )
    ctx.emit("reshape", y, x=spread, shape=list(shape))


def _mode(node: ir.Node) -> str:
    reduction = attributes.text(node, "reduction", "none")
    if reduction not in _MODES:
        raise Unsupported(f"a scatter with reduction {reduction}")
    return _MODES[reduction]
