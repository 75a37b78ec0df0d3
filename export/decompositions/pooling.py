"""Pooling in forms that targets refuse: norms, dilated windows, the way back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.convolution import axes_of, padded, taps
from _edgeship.export.decompositions.indexing import scatter_rows
from _edgeship.export.decompositions.reductions import lp_norm
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes, windows
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis


@decomposes("LpPool")
def lp_pool(b: Builder, node: ir.Node) -> ir.Value:
    """The root of what AveragePool makes of |x|^p, or of the sum of its taps if dilated."""
    x, axes = attributes.source(node), axes_of(b, node)
    kernel = [axis.kernel for axis in axes]
    if math.prod(kernel) == 1 and not any(axis.before or axis.needed_after for axis in axes):
        # Exactly: the root of a square can be more than the number.
        over = list(range(2, 2 + len(axes)))
        ends, strides = [axis.extent for axis in axes], [axis.stride for axis in axes]
        return b.op("Slice", b.op("Abs", x), [0] * len(over), ends, over, strides)

    def summed(powers: ir.Value) -> ir.Value:
        powers = padded(b, powers, axes)
        if any(axis.dilation > 1 for axis in axes):
            total, *others = taps(b, powers, axes)
            for tap in others:
                total = b.op("Add", total, tap)
            return total
        strides = [axis.stride for axis in axes]
        mean = b.op("AveragePool", powers, kernel_shape=kernel, strides=strides)
        return b.op("Mul", mean, float(math.prod(kernel)))

    result = lp_norm(b, x, attributes.integer(node, "p", 2), summed)
    if b.shape(result) != b.shape(node.outputs[0]):
        # A stride can leave more windows than are asked for.
        shape = b.shape(node.outputs[0])
        over = list(range(2, len(shape)))
        result = b.op("Slice", result, [0] * len(over), list(shape[2:]), over)
    return result


@decomposes("MaxPool")
def max_pool(b: Builder, node: ir.Node) -> Sequence[ir.Value]:
    """The maximum of the taps of each window; where places are asked for, those of the first."""
    x, axes = attributes.source(node), axes_of(b, node)
    asked = len(node.outputs) > 1 and bool(
        node.outputs[1].uses() or node.outputs[1].is_graph_output()
    )
    if not asked and all(axis.dilation == 1 for axis in axes):
        raise Unsupported("its windows are not dilated")
    before = [0, 0, *(axis.before for axis in axes)]
    behind = [0, 0, *(axis.needed_after for axis in axes)]
    padding = any(before) or any(behind)
    least = np.finfo(b.dtype(x)).min if b.dtype(x).kind == "f" else np.iinfo(b.dtype(x)).min
    widths = np.array([*before, *behind], np.int64)
    wide = b.op("Pad", x, widths, np.array(least, b.dtype(x))) if padding else x
    if asked:
        order = list(range(2, 2 + len(axes)))
        if attributes.integer(node, "storage_order", 0):
            order.reverse()
        return _with_places(b, wide, axes, _numbered(b.shape(x), order, before, behind))
    for number, axis in enumerate(axes):
        # One axis after the other: far fewer taps than all of the window's.
        only = [axis if other == number else _single(b, wide, other) for other in range(len(axes))]
        most, *others = taps(b, wide, only)
        for tap in others:
            most = b.op("Max", most, tap)
        wide = most
    return [wide]


def _single(b: Builder, x: ir.Value, number: int) -> Axis:
    """Return the window of one element along an axis."""
    extent = b.shape(x)[2 + number]
    return Axis(extent, extent, 1, 1, 1, 0, 0)


def _numbered(
    shape: tuple[int, ...], order: list[int], before: list[int], behind: list[int]
) -> Array:
    """Return the place of every element in the whole tensor, counted in an order of its axes."""
    images = shape[0] * shape[1]
    extents = [shape[axis] for axis in order]
    places = np.arange(images * math.prod(extents), dtype=np.int64)
    ordered = places.reshape(*shape[:2], *extents)
    turned = ordered.transpose(0, 1, *(2 + order.index(axis) for axis in range(2, len(shape))))
    return np.pad(turned, list(zip(before, behind, strict=True)))


def _with_places(b: Builder, x: ir.Value, axes: Sequence[Axis], numbers: Array) -> list[ir.Value]:
    """Return the maxima, and the places of their first taps."""
    most, *others = taps(b, x, axes)
    where, *numbered = taps(b, b.constant(numbers), axes)
    for tap, number in zip(others, numbered, strict=True):
        more = b.op("Greater", tap, most)
        most, where = b.op("Where", more, tap, most), b.op("Where", more, number, where)
    return [most, where]


@decomposes("AveragePool")
def average_pool(b: Builder, node: ir.Node) -> ir.Value:
    """The sum of the taps, divided by how many of them lie inside."""
    x, axes = attributes.source(node), axes_of(b, node)
    include = bool(attributes.integer(node, "count_include_pad", 0))
    total, *others = taps(b, padded(b, x, axes), axes)
    for tap in others:
        total = b.op("Add", total, tap)
    count = np.ones(1, np.float32)
    for axis in axes:
        first = -axis.before if include else 0
        last = axis.extent + (axis.after if include else 0)
        start = np.arange(axis.result) * axis.stride - axis.before
        places = start[:, None] + np.arange(axis.kernel) * axis.dilation
        inside = ((places >= first) & (places < last)).sum(1)
        count = count[..., None] * inside.astype(np.float32)
    return b.op("Div", total, count.astype(b.dtype(x)))


@decomposes("MaxUnpool")
def max_unpool(b: Builder, node: ir.Node) -> ir.Value:
    """Each number at the place that its index says, zeros elsewhere."""
    x, indices = attributes.source(node), attributes.source(node, 1)
    shape, result = b.shape(x), b.shape(node.outputs[0])
    kernel = attributes.integers(node, "kernel_shape", [])
    axes = windows.given(node, kernel, shape[2:], result[2:])
    # Indices count in the image that these windows make, whatever shape is asked for.
    plain = [
        (axis.extent - 1) * axis.stride - axis.before - axis.after + axis.kernel for axis in axes
    ]
    size = math.prod(plain)
    if _tiled(node, [axis.kernel for axis in axes], list(plain), shape):
        image = _spread(b, x, indices, kernel)
    else:
        zeros = b.constant(np.zeros([math.prod(shape[:2]) * size, 1], b.dtype(x)))
        count = math.prod(shape)
        written = b.reshape(b.cast(indices, np.int64), [count])
        flat = scatter_rows(b, "none", zeros, b.reshape(x, [count, 1]), written)
        image = b.reshape(flat, [*shape[:2], *plain])
    if tuple(plain) == result[2:]:
        return image
    behind = [then - now for now, then in zip(plain, result[2:], strict=True)]
    if min(behind) < 0:
        raise Unsupported(f"an image of {plain} in a result of {list(result[2:])}")
    return b.op("Pad", image, np.array([0] * len(result) + [0, 0, *behind], np.int64))


def _tiled(node: ir.Node, kernel: list[int], plain: list[int], shape: tuple[int, ...]) -> bool:
    """Return whether every index lies in its own window, and windows do not overlap."""
    indices = node.inputs[1]
    pool = None if indices is None else indices.producer()
    if pool is None or pool.op_type != "MaxPool" or indices is not pool.outputs[1]:
        return False
    tiles = [size * extent for size, extent in zip(kernel, shape[2:], strict=True)] == plain
    whole = pool.inputs[0]
    return (
        tiles
        and attributes.integers(pool, "strides", []) == kernel
        and attributes.integers(pool, "kernel_shape", []) == kernel
        and not any(attributes.integers(pool, "pads", []))
        and whole is not None
        and whole.shape is not None
        and list(whole.shape[2:]) == plain
    )


def _spread(b: Builder, x: ir.Value, indices: ir.Value, kernel: list[int]) -> ir.Value:
    """Repeat every number over its window, and keep it where its index is."""
    batch, channels, *extents = b.shape(x)
    for axis, size in enumerate(kernel, 2):
        repeat = np.repeat(np.arange(b.shape(x)[axis]), size)
        x, indices = b.gather(x, repeat, axis), b.gather(indices, repeat, axis)
    plain = [extent * size for extent, size in zip(extents, kernel, strict=True)]
    places = np.arange(batch * channels * math.prod(plain)).reshape(batch, channels, *plain)
    return b.op("Where", b.op("Equal", indices, places), x, 0.0)
