"""Indices that the graph computes, of which negative ones count from the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.lowering.values import Array


def from_the_front(ctx: Context, indices: Operand, extent: Any, name: str) -> Operand:
    """Return indices of which none is negative: ``extent`` is added to those that are.

    Args:
        ctx: The program.
        indices: int32 numbers, constant or not.
        extent: The number of elements that they point into; a vector for those of `gather_nd`.
        name: For the names of variables.
    """
    extents = np.asarray(extent, np.int32)
    if isinstance(indices, np.ndarray):
        return np.where(indices < 0, indices + extents, indices).astype(np.int32)
    negative = ctx.temporary("less", f"{name}/negative", x=indices, y=np.int32(0))
    raised = ctx.temporary("add", f"{name}/raised", x=indices, y=extents)
    return ctx.temporary("select", f"{name}/wrapped", cond=negative, a=raised, b=indices)


def with_coordinates(ctx: Context, indices: Operand, grids: list[Array], name: str) -> Operand:
    """Return vectors that begin with constant coordinates and end with those of ``indices``.

    Args:
        ctx: The program.
        indices: (..., k), int32.
        grids: Coordinates along the axes that come first, each of the shape of the ``...``.
        name: For the names of variables.
    """
    first = np.stack(grids, axis=-1).astype(np.int32)
    if isinstance(indices, np.ndarray):
        return np.concatenate([first, indices.astype(np.int32)], axis=-1)
    return ctx.temporary("concat", f"{name}/places", values=(first, indices), axis=first.ndim - 1)


def indices_of(ctx: Context, value: ir.Value) -> Operand:
    """Return indices as an array if they are constant, else as a variable."""
    data = ctx.constant(value)
    return ctx.read(value) if data is None else data.astype(np.int64)
