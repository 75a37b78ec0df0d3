"""Tensors joined, cut, and given a border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, integers, shape_of
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.lowering import attributes, slicing
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

#: ONNX's modes of Pad that repeat elements of the tensor (NumPy's names, too) -> Core AI's.
_MIRRORS = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@lowers("Concat")
def concat(ctx: Context, node: ir.Node) -> None:
    """concat; nothing for a single operand; operands without elements are left out."""
    y = node.outputs[0]
    given = [value for value in node.inputs if value is not None]
    values = [value for value in given if 0 not in (static_shape(value) or ())]
    if len(values) == 1:
        ctx.alias(y, values[0])
        return
    axis = attributes.integer(node, "axis", 0) % len(ctx.shape(y))
    ctx.emit("concat", y, np.int32(axis), [ctx.variable(ctx.read(value)) for value in values])


@lowers("Split")
def split(ctx: Context, node: ir.Node) -> None:
    """A slice for each output that is read; nothing for a single one."""
    x = attributes.source(node)
    shape = ctx.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    start = 0
    for output in node.outputs:
        extent = (static_shape(output) or (0,) * len(shape))[axis]
        if extent == 0:
            ctx.fold(output, np.zeros(static_shape(output) or (0,), np.float32))
            continue
        pick(ctx, x, output, {axis: np.arange(start, start + extent)})
        start += extent


@lowers("Slice")
def slice_(ctx: Context, node: ir.Node) -> None:
    """slice, with reverse after it where a step is negative."""
    x, y = attributes.source(node), node.outputs[0]
    kept = slicing.sliced(ctx, node, ctx.shape(x))
    pick(ctx, x, y, {axis: np.asarray(places) for axis, places in kept.items()})


@lowers("Pad")
def pad(ctx: Context, node: ir.Node) -> None:
    """pad; slice for negative pads; gather_nd where Core AI's modes do not reach far enough."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    mode = attributes.text(node, "mode", "constant")
    border = slicing.border_of(ctx, node, len(shape))
    if mode != "constant" and mode not in _MIRRORS:
        raise Unsupported(f"Pad with mode {mode}")
    kept = slicing.cut_off(x, shape, border)
    outer = [(max(before, 0), max(after, 0)) for before, after in border]
    if mode != "constant" and kept:
        raise Unsupported(f"Pad with mode {mode} and negative pads")
    if mode != "constant" and not _within(shape, outer, mode):
        pick(ctx, x, y, slicing.mirrored(shape, outer, mode))
        return
    if not any(any(pads) for pads in outer):
        pick(ctx, x, y, kept)
        return
    fill = attributes.real_anywhere(ctx, node, "value", 2) or 0.0
    part = taken(ctx, ctx.read(x), kept)
    ctx.emit(
        "pad",
        y,
        part,
        np.asarray([count for pads in outer for count in pads], np.uint32),
        ctx.number(x, fill),
        _MIRRORS.get(mode, mode),
    )


def _within(shape: Shape, border: Sequence[tuple[int, int]], mode: str) -> bool:
    """Return whether Core AI's pad has this border in a mode that is not constant."""
    slack = 1 if mode == "reflect" else 0
    return mode == "edge" or all(
        max(pads) <= extent - slack for extent, pads in zip(shape, border, strict=True)
    )


def pick(ctx: Context, x: ir.Value, y: ir.Value, places: Mapping[int, Array]) -> None:
    """Bind ``y`` to elements of ``x``, without an operator if it is all of them in their order.

    Args:
        ctx: The program.
        x: A value with at least one axis.
        y: What is picked.
        places: As for `taken`.
    """
    data = ctx.constant(x)
    if data is not None:
        for axis, indices in sorted(places.items(), reverse=True):
            data = np.take(data, indices, axis=axis)
        ctx.fold(y, data)
        return
    operand = ctx.read(x)
    part = taken(ctx, operand, places)
    if part is operand:
        ctx.alias(y, x)
    else:
        ctx.bind(y, part, "slice")


def taken(ctx: Context, operand: Operand, places: Mapping[int, Array]) -> Operand:
    """Return elements of an operand; the operand itself if it is all of them in their order.

    Places at equal distances are one slice for all axes together, and a reverse where they run
    backwards. Other places are one gather for each axis.

    Args:
        ctx: The program.
        operand: What is picked from.
        places: Axis -> the indices of the elements along it, none negative. An array of several
            axes puts these in the place of the one; there may be only one such array.
    """
    kept = [range(extent) for extent in shape_of(operand)]
    backwards: list[int] = []
    others: dict[int, Array] = {}
    for axis, indices in places.items():
        even = _evenly_spaced(indices)
        if even is None:
            others[axis] = indices
            continue
        if even.step < 0:
            backwards.append(axis)
        kept[axis] = even if even.step > 0 else even[::-1]
    operand = cut(ctx, operand, kept)
    if backwards:
        operand = ctx.temporary("reverse", operand, integers(backwards))
    for axis, indices in others.items():
        operand = gathered(ctx, operand, indices.astype(np.int32), axis)
    return operand


def cut(ctx: Context, operand: Operand, kept: Sequence[range]) -> Operand:
    """Return the elements of a range along each axis; steps are positive."""
    if list(kept) == [range(extent) for extent in shape_of(operand)]:
        return operand
    return ctx.temporary(
        "slice_",
        operand,
        integers([elements.start for elements in kept]),
        integers([elements[-1] + 1 for elements in kept]),
        integers([elements.step for elements in kept]),
    )


def gathered(ctx: Context, operand: Operand, indices: Operand, axis: int) -> Operand:
    """Return the elements along one axis at indices of any shape, which takes the axis' place.

    Core AI's gather_nd reads along the first axes, so the axis is moved there and back.
    """
    rank, depth = len(shape_of(operand)), len(shape_of(indices))
    front = [axis, *(other for other in range(rank) if other != axis)]
    moved = ctx.transpose(ctx.variable(operand), front)
    vectors = ctx.reshape(indices, (*shape_of(indices), 1))
    found = ctx.temporary("gather_nd", moved, ctx.cast(vectors, np.int32))
    # Now the axes of the indices come first, and then the others in order.
    order = [
        *(depth + i for i in range(axis)),
        *range(depth),
        *(depth + i for i in range(axis, rank - 1)),
    ]
    return ctx.transpose(found, order)


def _evenly_spaced(indices: Array) -> range | None:
    """Return the indices as a range, or None if they are not at equal distances."""
    if indices.ndim != 1:
        return None
    step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if step == 0 or np.any(np.diff(indices) != step):
        return None
    return range(int(indices[0]), int(indices[-1]) + (1 if step > 0 else -1), step)
