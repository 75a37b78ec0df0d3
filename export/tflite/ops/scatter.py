"""Elements written at indices into a tensor."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.gather import elementwise_places, row_places
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.taking import cut, join

_REDUCTIONS = {
    "add": ("ADD", "AddOptions"),
    "max": ("MAXIMUM", "MaximumMinimumOptions"),
    "min": ("MINIMUM", "MaximumMinimumOptions"),
    "mul": ("MUL", "MulOptions"),
}


@lowers("ScatterND")
def scatter_nd(ctx: Context, node: ir.Node) -> None:
    """What a box of known indices leaves is joined to the updates; else GATHER from both in a row.

    SCATTER_ND at computed indices.
    """
    data, given = attributes.source(node), attributes.source(node, 1)
    shape = ctx.shape(data)
    depth = ctx.shape(given)[-1]
    where = row_places(ctx, given, shape)
    _scatter(ctx, node, where, (math.prod(shape[:depth]), math.prod(shape[depth:])))


@lowers("ScatterElements", "Scatter")
def scatter_elements(ctx: Context, node: ir.Node) -> None:
    """As ScatterND, of rows of one element."""
    data, given = attributes.source(node), attributes.source(node, 1)
    shape = ctx.shape(data)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    where = elementwise_places(ctx, given, shape, axis)
    _scatter(ctx, node, where, (math.prod(shape), 1))


def _scatter(ctx: Context, node: ir.Node, where: int, table: tuple[int, int]) -> None:
    """Write rows of updates into a table of rows.

    Args:
        ctx: The graph under construction.
        node: Its inputs are data, indices and updates.
        where: Which row each update goes to.
        table: Rows, and elements in each.
    """
    data, updates, y = attributes.source(node), attributes.source(node, 2), node.outputs[0]
    reduction = attributes.text(node, "reduction", "none")
    count = math.prod(ctx.graph.tensors[where].shape)
    old = ctx.reshape(ctx.read(data), table)
    new = ctx.reshape(ctx.read(updates), (count, table[1]))
    places = ctx.graph.tensors[where].data
    box = None if places is None else _box(ctx.shape(data), places.reshape(-1), table[1])
    if box is not None:
        perm = layout.identity(len(box))
        new = ctx.reshape(new, tuple(len(run) for run in box))
        ctx.bind(y, _boxed(ctx, node, ctx.read(data), new, box), perm)
        return
    if places is not None:
        result = _at_known_rows(ctx, y, old, new, places.reshape(-1), reduction)
    else:
        result = _at_computed_rows(ctx, y, old, new, ctx.reshape(where, (count, 1)), reduction)
    ctx.bind(y, ctx.reshape(result, ctx.shape(y)), layout.identity(len(ctx.shape(y))))


def _box(shape: Shape, rows: Array, width: int) -> list[range] | None:
    """Return which indices of each axis are written, if the updates are a box in ONNX's order.

    Args:
        shape: Of the data.
        rows: Which row each update goes to.
        width: Elements in a row.
    """
    elements = (rows[:, None] * width + np.arange(width)).reshape(-1)
    if (np.diff(elements) <= 0).any():
        return None
    box = [
        range(int(axis.min()), int(axis.max()) + 1) for axis in np.unravel_index(elements, shape)
    ]
    return box if math.prod(len(run) for run in box) == len(elements) else None


def _boxed(ctx: Context, node: ir.Node, old: int, new: int, box: list[range]) -> int:
    """Return ``old`` with a box of it replaced: what lies around it is joined to it."""
    shape = ctx.graph.tensors[old].shape
    for axis, run in enumerate(box):
        if len(run) < shape[axis]:
            parts = [_boxed(ctx, node, cut(ctx, old, axis, run.start, len(run)), new, box)]
            if run.start:
                parts.insert(0, cut(ctx, old, axis, 0, run.start))
            if run.stop < shape[axis]:
                parts.append(cut(ctx, old, axis, run.stop, shape[axis] - run.stop))
            return join(ctx, parts, axis)
    reduction = attributes.text(node, "reduction", "none")
    if reduction == "none":
        return new
    kind, kind_options = _REDUCTIONS[reduction]
    name = f"{node.outputs[0].name}/{reduction}"
    return ctx.temporary(kind, [old, new], shape, name, options(kind_options))


def _at_known_rows(
    ctx: Context, y: ir.Value, old: int, new: int, places: Array, reduction: str
) -> int:
    rows, width = ctx.graph.tensors[old].shape
    last = {int(place): number for number, place in enumerate(places)}
    if reduction != "none":
        if len(last) < len(places):
            if reduction == "add":
                where = ctx.ints("indices", places[:, None])
                return _added(ctx, y, old, new, where)
            raise Unsupported(f"several updates of one element with reduction {reduction}")
        kind, kind_options = _REDUCTIONS[reduction]
        before = _rows(ctx, y, old, places)
        name = f"{y.name}/{reduction}"
        new = ctx.temporary(kind, [before, new], (len(places), width), name, options(kind_options))
    # Each row of the result is one of the table with the updates below.
    sources = np.arange(rows)
    for place, number in last.items():
        sources[place] = rows + number
    shape = (rows + len(places), width)
    opts = options("ConcatenationOptions", axis=0)
    both = ctx.temporary("CONCATENATION", [old, new], shape, f"{y.name}/both", opts)
    return _rows(ctx, y, both, sources)


def _rows(ctx: Context, y: ir.Value, table: int, rows: Array) -> int:
    inputs = [table, ctx.ints("rows", rows)]
    shape = (len(rows), ctx.graph.tensors[table].shape[1])
    opts = options("GatherOptions", axis=0)
    return ctx.temporary("GATHER", inputs, shape, f"{y.name}/rows", opts)


def _at_computed_rows(
    ctx: Context, y: ir.Value, old: int, new: int, where: int, reduction: str
) -> int:
    if reduction == "add":
        return _added(ctx, y, old, new, where)
    if reduction != "none":
        raise Unsupported(f"computed indices with reduction {reduction}")
    # ONNX leaves open what several updates of one element give; SCATTER_ND adds them.
    table = ctx.graph.tensors[old].shape
    spread = _spread(ctx, y, new, where, table)
    ones = ctx.ints("ones", np.ones(ctx.graph.tensors[new].shape[0]).reshape(-1, 1))
    marks = _spread(ctx, y, ones, where, (table[0], 1))
    zero = ctx.ints("zero", 0)
    boolean = np.dtype(np.bool_)
    opts = options("GreaterOptions")
    name = f"{y.name}/written"
    mask = ctx.temporary("GREATER", [marks, zero], (table[0], 1), name, opts, boolean)
    opts = options("SelectV2Options")
    return ctx.temporary(
        "SELECT_V2", [mask, spread, old], table, f"{y.name}/table", opts, dtype_of(y)
    )


def _added(ctx: Context, y: ir.Value, old: int, new: int, where: int) -> int:
    table = ctx.graph.tensors[old].shape
    spread = _spread(ctx, y, new, where, table)
    opts = options("AddOptions")
    return ctx.temporary("ADD", [old, spread], table, f"{y.name}/table", opts)


def _spread(ctx: Context, y: ir.Value, rows: int, where: int, table: tuple[int, ...]) -> int:
    """Return a table that is zero but for the rows that are put into it."""
    inputs = [where, rows, ctx.ints("shape", table)]
    dtype = ctx.graph.tensors[rows].dtype
    opts = options("ScatterNdOptions")
    return ctx.temporary("SCATTER_ND", inputs, table, f"{y.name}/spread", opts, dtype)
