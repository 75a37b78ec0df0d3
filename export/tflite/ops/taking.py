"""Elements taken along an axis at positions that are known: slices where they do, GATHER else.

Delegates take slices and concatenations, and no GATHER.
"""

from __future__ import annotations

import math
import re

import numpy as np

from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options

#: XNNPACK takes CONCATENATION of so many parts; the last is one that integer kernels lack.
_MOST_PARTS = 4

_STEPS = re.compile(r"(/(gather|joined|repeat|reshape|slice|tile)(_\d+)?)+$")


def take(ctx: Context, tensor: int, axis: int, positions: Array) -> int:
    """Return the elements of ``tensor`` at ``positions`` along the stored ``axis``.

    Args:
        ctx: The graph under construction.
        tensor: Any tensor.
        axis: One of its axes, from 0.
        positions: From 0, in one axis; at least one.
    """
    extent = ctx.graph.tensors[tensor].shape[axis]
    if np.array_equal(positions, np.arange(extent)):
        return tensor
    times = len(positions) // extent
    if times > 1 and np.array_equal(positions, np.repeat(np.arange(extent), times)):
        return repeat_each(ctx, tensor, axis, times)
    if times > 1 and np.array_equal(positions, np.tile(np.arange(extent), times)):
        return repeat(ctx, tensor, axis, times)
    runs = _runs(positions)
    if len(runs) > _MOST_PARTS:
        shape = _resized(ctx, tensor, axis, len(positions))
        inputs = [tensor, ctx.ints("indices", positions)]
        name = _name(ctx, tensor, "gather")
        return ctx.temporary("GATHER", inputs, shape, name, options("GatherOptions", axis=axis))
    return join(ctx, [_run(ctx, tensor, axis, *run) for run in runs], axis)


def join(ctx: Context, parts: list[int], axis: int) -> int:
    """Return the tensors one after the other along the stored ``axis``."""
    if len(parts) == 1:
        return parts[0]
    total = sum(ctx.graph.tensors[part].shape[axis] for part in parts)
    shape = _resized(ctx, parts[0], axis, total)
    name = _name(ctx, parts[0], "joined")
    return ctx.temporary(
        "CONCATENATION", parts, shape, name, options("ConcatenationOptions", axis=axis)
    )


def cut(ctx: Context, tensor: int, axis: int, start: int, size: int) -> int:
    """Return ``size`` elements from ``start`` on along the stored ``axis``."""
    shape = _resized(ctx, tensor, axis, size)
    if shape == ctx.graph.tensors[tensor].shape:
        return tensor
    begin = [start if i == axis else 0 for i in range(len(shape))]
    inputs = [tensor, ctx.ints("begin", begin), ctx.ints("size", shape)]
    name = _name(ctx, tensor, "slice")
    return ctx.temporary("SLICE", inputs, shape, name, options("SliceOptions"))


def repeat(ctx: Context, tensor: int, axis: int, times: int) -> int:
    """Return the tensor ``times`` times one after the other along the stored ``axis``.

    Few times it is a CONCATENATION, often the row of an image that RESIZE_NEAREST_NEIGHBOR makes
    larger: unlike TILE both have integer kernels and rules. Integers are tiled.
    """
    source = ctx.graph.tensors[tensor]
    if times <= _MOST_PARTS:
        return join(ctx, [tensor] * times, axis)
    result = _resized(ctx, tensor, axis, times * source.shape[axis])
    if source.dtype != np.float32:
        multiples = [times if i == axis else 1 for i in range(len(source.shape))]
        inputs = [tensor, ctx.ints("multiples", multiples)]
        return ctx.temporary("TILE", inputs, result, _name(ctx, tensor, "tile"))
    outer, inner = math.prod(source.shape[:axis]), math.prod(source.shape[axis:])
    image = ctx.reshape(tensor, (outer, 1, 1, inner))
    size = ctx.ints("size", [times, 1])
    opts = options("ResizeNearestNeighborOptions")
    name = _name(ctx, tensor, "repeat")
    rows = (outer, times, 1, inner)
    image = ctx.temporary("RESIZE_NEAREST_NEIGHBOR", [image, size], rows, name, opts)
    return ctx.reshape(image, result)


def repeat_each(ctx: Context, tensor: int, axis: int, times: int) -> int:
    """Return the tensor with each element along the stored ``axis`` repeated in its place."""
    shape = ctx.graph.tensors[tensor].shape
    single = ctx.reshape(tensor, (math.prod(shape[: axis + 1]), 1, math.prod(shape[axis + 1 :])))
    result = _resized(ctx, tensor, axis, times * shape[axis])
    return ctx.reshape(repeat(ctx, single, 1, times), result)


def _name(ctx: Context, tensor: int, what: str) -> str:
    """Return a name for what is made of a tensor, without the steps on the way."""
    return f"{_STEPS.sub('', ctx.graph.tensors[tensor].name)}/{what}"


def _resized(ctx: Context, tensor: int, axis: int, extent: int) -> tuple[int, ...]:
    shape = ctx.graph.tensors[tensor].shape
    return (*shape[:axis], extent, *shape[axis + 1 :])


def _runs(positions: Array) -> list[tuple[int, int, int]]:
    """Return the positions as (start, step, count) of the longest runs, taken from the front."""
    runs: list[tuple[int, int, int]] = []
    rest = [int(position) for position in positions]
    while rest:
        step = rest[1] - rest[0] if len(rest) > 1 else 1
        count = 1
        while count < len(rest) and rest[count] - rest[count - 1] == step:
            count += 1
        if count == 2 and step < 0:
            step, count = 1, 1  # delegates do not walk backwards
        runs.append((rest[0], step, count))
        rest = rest[count:]
    return runs


def _run(ctx: Context, tensor: int, axis: int, start: int, step: int, count: int) -> int:
    if step == 0:
        return repeat(ctx, cut(ctx, tensor, axis, start, 1), axis, count)
    if step == 1:
        return cut(ctx, tensor, axis, start, count)
    shape = ctx.graph.tensors[tensor].shape
    end = start + step * count
    # A run down to the first element has no end that is an index: it is masked.
    inputs = [
        tensor,
        ctx.ints("begin", [start if i == axis else 0 for i in range(len(shape))]),
        ctx.ints("end", [max(end, 0) if i == axis else n for i, n in enumerate(shape)]),
        ctx.ints("strides", [step if i == axis else 1 for i in range(len(shape))]),
    ]
    opts = options("StridedSliceOptions", endMask=1 << axis if end < 0 else 0)
    name = _name(ctx, tensor, "slice")
    return ctx.temporary("STRIDED_SLICE", inputs, _resized(ctx, tensor, axis, count), name, opts)
