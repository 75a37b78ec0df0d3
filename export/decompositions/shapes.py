"""Moving and masking elements: padding, cropping, triangles, sums along an axis."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: Borders of up to so many elements are joined from slices, which delegates take; else a Gather.
_MOST_SLICES = 8

#: A determinant is written out by its minors up to this extent; that is 2^n of them.
_MOST_ROWS = 5


@decomposes("Pad")
def pad(b: Builder, node: ir.Node) -> ir.Value:
    """Borders joined to the rest; negative widths are cut off."""
    x = attributes.source(node)
    shape = b.shape(x)
    mode = attributes.text(node, "mode", "constant")
    before, behind = _widths(b, node, len(shape))
    for axis, (first, last) in enumerate(zip(before, behind, strict=True)):
        if max(-first, 0) + max(-last, 0) >= shape[axis]:
            raise Unsupported("negative widths that leave nothing")
        if first < 0 or last < 0:
            x = b.slice(x, axis, max(-first, 0), shape[axis] - max(-last, 0))
    before, behind = [max(n, 0) for n in before], [max(n, 0) for n in behind]
    if mode == "constant":
        return _constant_pad(b, node, x, before, behind)
    for axis, (first, last) in enumerate(zip(before, behind, strict=True)):
        if first or last:
            x = _bordered(b, x, axis, _border(mode, b.shape(x)[axis], first, last), first, last)
    return x


def _widths(b: Builder, node: ir.Node, rank: int) -> tuple[list[int], list[int]]:
    given = b.required_data(attributes.source(node, 1), "the widths of Pad").tolist()
    chosen = b.data(attributes.optional_input(node, 3))
    axes = list(range(rank)) if chosen is None else [int(axis) % rank for axis in chosen]
    before, behind = [0] * rank, [0] * rank
    for number, axis in enumerate(axes):
        before[axis], behind[axis] = given[number], given[len(axes) + number]
    return before, behind


def _constant_pad(
    b: Builder, node: ir.Node, x: ir.Value, before: list[int], behind: list[int]
) -> ir.Value:
    """Pad with zeros, and put the number there that is asked for if the graph computes it."""
    if not any(before) and not any(behind):
        return x
    shape, widths = b.shape(x), np.array([*before, *behind], np.int64)
    value = attributes.optional_input(node, 2)
    padded = b.op("Pad", x, widths, value if b.data(value) is not None else None)
    if value is None or b.data(value) is not None:
        negative = min(b.required_data(attributes.source(node, 1), "the widths").tolist()) < 0
        if not negative:
            raise Unsupported("it pads with a constant already")
        return padded
    inside = np.pad(np.ones(shape, bool), list(zip(before, behind, strict=True)))
    return b.op("Where", inside, padded, b.reshape(value, []))


def _border(mode: str, extent: int, first: int, last: int) -> Array:
    places = np.arange(-first, extent + last)
    if mode == "edge":
        return places.clip(0, extent - 1)
    if mode == "wrap":
        return places % extent
    if extent == 1:
        return np.zeros_like(places)
    folded = places % (2 * extent - 2)
    return np.where(folded < extent, folded, 2 * extent - 2 - folded)


def _bordered(
    b: Builder,
    x: ir.Value,
    axis: int,
    places: Array,
    first: int,
    last: int,
) -> ir.Value:
    if first + last > _MOST_SLICES:
        return b.gather(x, places, axis)
    extent = len(places) - first - last
    front, back = places[:first].tolist(), places[first + extent :].tolist()
    cut = {place: b.slice(x, axis, place, place + 1) for place in sorted({*front, *back})}
    return b.concat([*(cut[place] for place in front), x, *(cut[place] for place in back)], axis)


@decomposes("CenterCropPad")
def center_crop_pad(b: Builder, node: ir.Node) -> ir.Value:
    """Slices and a Pad, half of what is too much or missing on each side."""
    x = attributes.source(node)
    shape = b.shape(x)
    target = b.required_data(attributes.source(node, 1), "the shape of CenterCropPad").tolist()
    axes = attributes.integers(node, "axes", list(range(len(shape))))
    before, behind = [0] * len(shape), [0] * len(shape)
    for axis, wanted in zip((axis % len(shape) for axis in axes), target, strict=True):
        extra = shape[axis] - wanted
        if extra > 0:
            x = b.slice(x, axis, extra // 2, extra // 2 + wanted)
        before[axis] = max(-extra, 0) // 2
        behind[axis] = max(-extra, 0) - before[axis]
    if any(before) or any(behind):
        x = b.op("Pad", x, np.array([*before, *behind], np.int64))
    return x


@decomposes("DepthToSpace")
def depth_to_space(b: Builder, node: ir.Node) -> ir.Value:
    """Blocks of channels become blocks of pixels, by a Transpose."""
    x = attributes.source(node)
    batch, channels, height, width = b.shape(x)
    size = attributes.integer(node, "blocksize", 1)
    rest = channels // size**2
    if attributes.text(node, "mode", "DCR") == "DCR":
        split, order = [batch, size, size, rest, height, width], [0, 3, 4, 1, 5, 2]
    else:
        split, order = [batch, rest, size, size, height, width], [0, 1, 4, 2, 5, 3]
    moved = b.transpose(b.reshape(x, split), order)
    return b.reshape(moved, [batch, rest, height * size, width * size])


@decomposes("SpaceToDepth")
def space_to_depth(b: Builder, node: ir.Node) -> ir.Value:
    """Blocks of pixels become blocks of channels, by a Transpose."""
    x = attributes.source(node)
    batch, channels, height, width = b.shape(x)
    size = attributes.integer(node, "blocksize", 1)
    split = [batch, channels, height // size, size, width // size, size]
    depth_first = attributes.text(node, "mode", "DCR") == "DCR"
    order = [0, 3, 5, 1, 2, 4] if depth_first else [0, 1, 3, 5, 2, 4]
    moved = b.transpose(b.reshape(x, split), order)
    return b.reshape(moved, [batch, channels * size**2, height // size, width // size])


@decomposes("Trilu")
def triangle(b: Builder, node: ir.Node) -> ir.Value:
    """A constant mask of the upper or lower triangle."""
    x = attributes.source(node)
    shift = b.data(attributes.optional_input(node, 1))
    if len(node.inputs) > 1 and node.inputs[1] is not None and shift is None:
        raise Unsupported("the diagonal of Trilu must be a constant")
    offset = 0 if shift is None else int(shift.reshape(-1)[0])
    ones = np.ones(b.shape(x)[-2:], bool)
    mask = np.triu(ones, offset) if attributes.integer(node, "upper", 1) else np.tril(ones, offset)
    if b.dtype(x).kind == "b":
        return b.op("And", x, mask)
    return b.op("Where", mask, x, 0)


@decomposes("CumSum")
def cumulative_sum(b: Builder, node: ir.Node) -> ir.Value:
    """A product with a triangle of ones; integers are summed as integers."""
    x = attributes.source(node)
    shape = b.shape(x)
    given = b.required_data(attributes.source(node, 1), "the axis of CumSum")
    axis, extent = int(given.reshape(-1)[0]) % len(shape), shape[int(given.reshape(-1)[0])]
    shift = attributes.integer(node, "exclusive", 0)
    # Column k of the result has the rows up to k; reversed, from k on.
    mask = np.triu(np.ones((extent, extent), b.dtype(x)), shift)
    if attributes.integer(node, "reverse", 0):
        mask = mask.T
    order = [*(each for each in range(len(shape)) if each != axis), axis]
    last = b.transpose(x, order)
    if b.dtype(x).kind == "f":
        total = b.op("MatMul", last, mask)
    else:
        spread = b.op("Mul", b.reshape(last, [*b.shape(last), 1]), mask)
        total = b.reduce("ReduceSum", spread, [len(shape) - 1], keep=False)
    return b.transpose(total, [order.index(each) for each in range(len(shape))])


@decomposes("CumProd")
def cumulative_product(b: Builder, node: ir.Node) -> ir.Value:
    """One Mul for each element along the axis."""
    x = attributes.source(node)
    given = b.required_data(attributes.source(node, 1), "the axis of CumProd")
    axis = int(given.reshape(-1)[0]) % len(b.shape(x))
    parts = b.split(x, axis, [1] * b.shape(x)[axis])
    if attributes.integer(node, "reverse", 0):
        parts = parts[::-1]
    if attributes.integer(node, "exclusive", 0):
        parts = [b.constant(np.ones(b.shape(parts[0]), b.dtype(x))), *parts[:-1]]
    total = parts[:1]
    for part in parts[1:]:
        total.append(b.op("Mul", total[-1], part))
    return b.concat(total[::-1] if attributes.integer(node, "reverse", 0) else total, axis)


@decomposes("EyeLike")
def eye_like(b: Builder, node: ir.Node) -> ir.Value:
    """A constant."""
    x = attributes.source(node)
    rows, columns = b.shape(x)
    kind = ir.DataType(attributes.integer(node, "dtype", int(x.dtype or ir.DataType.FLOAT)))
    return b.constant(np.eye(rows, columns, attributes.integer(node, "k", 0), kind.numpy()))


@decomposes("Det")
def determinant(b: Builder, node: ir.Node) -> ir.Value:
    """Written out by minors, row by row."""
    x = attributes.source(node)
    *outer, rows, _ = b.shape(x)
    if rows > _MOST_ROWS:
        raise Unsupported(f"a determinant of {rows} rows; up to {_MOST_ROWS} are written out")
    flat = b.reshape(x, [math.prod(outer), rows * rows])
    cell = b.split(flat, 1, [1] * (rows * rows))
    # Minors of the last rows, by the columns that they use.
    minors: dict[tuple[int, ...], ir.Value] = {
        (column,): cell[(rows - 1) * rows + column] for column in range(rows)
    }
    for row in range(rows - 2, -1, -1):
        minors = _grown(b, cell[row * rows : row * rows + rows], minors)
    (whole,) = minors.values()
    return b.reshape(whole, outer)


def _grown(
    b: Builder, row: list[ir.Value], minors: dict[tuple[int, ...], ir.Value]
) -> dict[tuple[int, ...], ir.Value]:
    """Return the minors with one more row, laid above."""
    found: dict[tuple[int, ...], ir.Value] = {}
    width = len(next(iter(minors))) + 1
    wider = {tuple(sorted({*used, column})) for used in minors for column in range(len(row))}
    for columns in sorted(each for each in wider if len(each) == width):
        total: ir.Value | None = None
        for number, column in enumerate(columns):
            rest = columns[:number] + columns[number + 1 :]
            term = b.op("Mul", row[column], minors[rest])
            total = term if total is None else b.op("Sub" if number % 2 else "Add", total, term)
        if total is not None:
            found[columns] = total
    return found
