"""Gathering and scattering by indices, as one Gather of rows or as comparisons with positions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: Where indices are computed, every written row is compared with every row: at most so many pairs.
_MOST_PAIRS = 1 << 22

#: The operators of a reduction: of two numbers, and of many.
_REDUCTIONS = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}
_OVER_ALL = {"add": "ReduceSum", "mul": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin"}


@decomposes("ScatterND")
def scatter_nd(b: Builder, node: ir.Node) -> ir.Value:
    """Rows of the data and of the updates, gathered; computed indices are compared."""
    data, indices, updates = (attributes.source(node, number) for number in range(3))
    shape = b.shape(data)
    depth = b.shape(indices)[-1]
    rows, width = math.prod(shape[:depth]), math.prod(shape[depth:])
    count = math.prod(b.shape(indices)[:-1])
    written = _row_numbers(b, indices, shape[:depth])
    return _scattered(b, node, data, updates, written, rows, width, count)


@decomposes("ScatterElements", "Scatter")
def scatter_elements(b: Builder, node: ir.Node) -> ir.Value:
    """The same, for single elements whose indices along the other axes are their own."""
    data, indices, updates = (attributes.source(node, number) for number in range(3))
    written = _element_numbers(b, node, data, indices)
    rows, count = math.prod(b.shape(data)), math.prod(b.shape(indices))
    return _scattered(b, node, data, updates, written, rows, 1, count)


@decomposes("GatherElements")
def gather_elements(b: Builder, node: ir.Node) -> ir.Value:
    """A Gather from the flattened data."""
    data, indices = attributes.source(node), attributes.source(node, 1)
    places = _element_numbers(b, node, data, indices)
    taken = b.op("Gather", b.reshape(data, [math.prod(b.shape(data))]), places, axis=0)
    return b.reshape(taken, b.shape(indices))


@decomposes("GatherND")
def gather_nd(b: Builder, node: ir.Node) -> ir.Value:
    """A Gather of the rows that a tuple of indices names."""
    data, indices = attributes.source(node), attributes.source(node, 1)
    shape, batch = b.shape(data), attributes.integer(node, "batch_dims", 0)
    depth = b.shape(indices)[-1]
    outer = math.prod(shape[:batch])
    rows, width = math.prod(shape[: batch + depth]), math.prod(shape[batch + depth :])
    places = b.reshape(
        _row_numbers(b, indices, shape[batch : batch + depth]),
        [outer, math.prod(b.shape(indices)[batch:-1])],
    )
    if batch:
        size = math.prod(shape[batch : batch + depth])
        places = b.op("Add", places, np.arange(outer).reshape(-1, 1) * size)
    taken = b.op("Gather", b.reshape(data, [rows, width]), places, axis=0)
    return b.reshape(taken, [*b.shape(indices)[:-1], *shape[batch + depth :]])


@decomposes("Compress")
def compress(b: Builder, node: ir.Node) -> ir.Value:
    """A Gather of what a constant condition keeps."""
    data = attributes.source(node)
    condition = b.required_data(attributes.source(node, 1), "the condition of Compress")
    kept = np.flatnonzero(condition)
    if "axis" not in node.attributes:
        size = math.prod(b.shape(data))
        return b.gather(b.reshape(data, [size]), kept[kept < size], 0)
    axis = attributes.integer(node, "axis", 0) % len(b.shape(data))
    return b.gather(data, kept[kept < b.shape(data)[axis]], axis)


@decomposes("ReverseSequence")
def reverse_sequence(b: Builder, node: ir.Node) -> ir.Value:
    """A Gather of steps for each sample; its length is constant."""
    x = attributes.source(node)
    lengths = b.required_data(attributes.source(node, 1), "the lengths of ReverseSequence")
    batch_axis = attributes.integer(node, "batch_axis", 1)
    time_axis = attributes.integer(node, "time_axis", 0)
    steps = np.arange(b.shape(x)[time_axis])
    parts = [
        b.gather(part, np.where(steps < length, length - 1 - steps, steps), time_axis)
        for part, length in zip(
            b.split(x, batch_axis, [1] * len(lengths)), lengths.tolist(), strict=True
        )
    ]
    return b.concat(parts, batch_axis)


@decomposes("OneHot")
def one_hot(b: Builder, node: ir.Node) -> ir.Value:
    """Indices compared with positions along a new axis, each in its own type.

    A floating index between two positions is no position: so ONNX Runtime has it.
    """
    indices, depth, values = (attributes.source(node, number) for number in range(3))
    extent = int(b.required_data(depth, "the depth of OneHot").reshape(-1)[0])
    rank = len(b.shape(indices)) + 1
    axis = attributes.integer(node, "axis", -1) % rank
    floating = b.dtype(indices).kind == "f"
    whole = indices if floating else b.cast(indices, np.int64)
    counted = b.op("Where", b.op("Less", whole, 0), b.op("Add", whole, extent), whole)
    shape = list(b.shape(indices))
    shape.insert(axis, 1)
    positions = b.positions(axis, (*shape[:axis], extent, *shape[axis + 1 :]))
    places = b.cast(positions, np.float32) if floating else positions
    hot = b.op("Equal", b.reshape(counted, shape), places)
    off, on = b.split(values, 0, [1, 1])
    return b.op("Where", hot, on, off)


@decomposes("TensorScatter")
def tensor_scatter(b: Builder, node: ir.Node) -> ir.Value:
    """Updates of a cache, compared with its places: each sample begins where its index says."""
    cache, update = attributes.source(node), attributes.source(node, 1)
    start = attributes.optional_input(node, 2)
    rank, axis = len(b.shape(cache)), attributes.integer(node, "axis", -2)
    axis %= rank
    size, count = b.shape(cache)[axis], b.shape(update)[axis]
    order = [*(each for each in range(rank) if each != axis), axis]
    old, new = b.transpose(cache, order), b.transpose(update, order)
    steps = np.arange(count).reshape(count, *[1] * rank)
    if start is not None:
        begin = b.reshape(start, [1, b.shape(cache)[0], *[1] * (rank - 1)])
        places = b.op("Add", begin, steps)
    else:
        places = b.constant(steps)
    if attributes.text(node, "mode", "linear") == "circular":
        places = b.op("Mod", places, size)
    rows = b.split(new, rank - 1, [1] * count)
    for place, row in zip(b.split(places, 0, [1] * count), rows, strict=True):
        here = b.op("Equal", b.reshape(place, b.shape(place)[1:]), np.arange(size))
        old = b.op("Where", here, row, old)
    return b.transpose(old, [order.index(each) for each in range(rank)])


def _row_numbers(b: Builder, indices: ir.Value, shape: Sequence[int]) -> ir.Value:
    """Return which rows tuples of indices (the last axis) name, as one list of int64."""
    whole = b.cast(indices, np.int64)
    extents = np.array(shape, np.int64)
    positive = b.op("Where", b.op("Less", whole, 0), b.op("Add", whole, extents), whole)
    strides = np.array([math.prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
    weighed = b.op("Mul", positive, strides) if len(shape) > 1 else positive
    total = b.reduce("ReduceSum", weighed, [len(b.shape(indices)) - 1], keep=False)
    return b.reshape(total, [math.prod(b.shape(indices)[:-1])])


def _element_numbers(b: Builder, node: ir.Node, data: ir.Value, indices: ir.Value) -> ir.Value:
    """Return which elements of the flattened data indices along an axis name, as one list."""
    shape, own = b.shape(data), b.shape(indices)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    strides = [math.prod(shape[number + 1 :]) for number in range(len(shape))]
    others = np.zeros(own, np.int64)
    for number, extent in enumerate(own):
        if number != axis:
            others += (np.arange(extent) * strides[number]).reshape(
                [-1 if each == number else 1 for each in range(len(own))]
            )
    whole = b.cast(indices, np.int64)
    positive = b.op("Where", b.op("Less", whole, 0), b.op("Add", whole, shape[axis]), whole)
    places = b.op("Add", b.op("Mul", positive, strides[axis]), others)
    return b.reshape(places, [math.prod(own)])


def _scattered(
    b: Builder,
    node: ir.Node,
    data: ir.Value,
    updates: ir.Value,
    written: ir.Value,
    rows: int,
    width: int,
    count: int,
) -> ir.Value:
    """Return the data with ``count`` of its rows written.

    Args:
        b: The builder.
        node: Its reduction says how.
        data: Of ``rows`` rows of ``width`` elements, in any shape.
        updates: Of ``count`` rows.
        written: Which rows are written.
        rows: How many rows there are.
        width: How many elements a row has.
        count: How many rows are written.
    """
    kind = attributes.text(node, "reduction", "none")
    old, new = b.reshape(data, [rows, width]), b.reshape(updates, [count, width])
    return b.reshape(scatter_rows(b, kind, old, new, written), b.shape(data))


def scatter_rows(
    b: Builder, kind: str, old: ir.Value, new: ir.Value, written: ir.Value
) -> ir.Value:
    """Return (rows, width) of which the rows ``written`` are reduced with (or are) ``new``.

    Raises:
        Unsupported: They are computed, and too many.
    """
    places = b.data(written)
    if places is not None:
        return _scattered_by_table(b, kind, old, new, places, b.shape(old)[0])
    return _scattered_by_comparison(b, kind, old, new, written)


def _scattered_by_table(
    b: Builder, kind: str, old: ir.Value, new: ir.Value, places: Array, rows: int
) -> ir.Value:
    if kind == "none":
        source = np.arange(rows)
        source[places] = rows + np.arange(len(places))
        return b.gather(b.concat([old, new], 0), source, 0)
    # Rows that are written more than once take one update in each round.
    turns = _turns(places)
    width = b.shape(old)[1]
    nothing = b.constant(np.full((1, width), _neutral(kind, b.dtype(old)), b.dtype(old)))
    padded = b.concat([new, nothing], 0)
    for turn in range(int(turns.max(initial=-1)) + 1):
        source = np.full(rows, len(places))
        chosen = np.flatnonzero(turns == turn)
        source[places[chosen]] = chosen
        old = b.op(_REDUCTIONS[kind], old, b.gather(padded, source, 0))
    return old


def _turns(places: Array) -> Array:
    """Return how often each number was there before."""
    seen: Counter[int] = Counter()
    turns = []
    for place in places.tolist():
        turns.append(seen[place])
        seen[place] += 1
    return np.array(turns, np.int64)


def _scattered_by_comparison(
    b: Builder, kind: str, old: ir.Value, new: ir.Value, written: ir.Value
) -> ir.Value:
    (rows, width), count = b.shape(old), b.shape(new)[0]
    if rows * width * count > _MOST_PAIRS:
        raise Unsupported(
            f"{count} computed indices into {rows} rows; at this size they must be constants"
        )
    if kind == "none":
        return _last_written(b, old, new, written)
    # (rows, count, 1): whether a row is written by an update.
    hit = b.op("Equal", np.arange(rows).reshape(rows, 1, 1), b.reshape(written, [1, count, 1]))
    neutral = np.array(_neutral(kind, b.dtype(old)), b.dtype(old))
    chosen = b.op("Where", hit, b.reshape(new, [1, count, width]), neutral)
    return b.op(_REDUCTIONS[kind], old, b.reduce(_OVER_ALL[kind], chosen, [1], keep=False))


def _last_written(b: Builder, old: ir.Value, new: ir.Value, written: ir.Value) -> ir.Value:
    """Return each row, or the last update of it."""
    (rows, _), count = b.shape(old), b.shape(new)[0]
    hit = b.op("Equal", np.arange(rows).reshape(rows, 1), b.reshape(written, [1, count]))
    number = b.op("Where", hit, np.arange(1, count + 1), np.array(0))
    last = b.reduce("ReduceMax", number, [1])  # (rows, 1): 0 where nothing is written
    place = b.reshape(b.op("Max", b.op("Sub", last, 1), 0), [rows])
    taken = b.op("Gather", new, place, axis=0)
    return b.op("Where", b.op("Greater", last, 0), taken, old)


def _neutral(kind: str, dtype: np.dtype[Any]) -> float | int:
    if kind in ("add", "mul"):
        return {"add": 0, "mul": 1}[kind]
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        return -most if kind == "max" else most
    limits = np.iinfo(dtype)
    return limits.min if kind == "max" else limits.max
