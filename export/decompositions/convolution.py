"""Convolutions in forms that targets refuse: computed weights, three axes, integers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes, windows
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis

#: With computed weights, each tap is a slice of the input: at most so many.
_MOST_TAPS = 256


def axes_of(b: Builder, node: ir.Node) -> list[Axis]:
    """Return the windows of a convolution or pooling node, with the pads that auto_pad means."""
    extents, results = b.shape(attributes.source(node))[2:], b.shape(node.outputs[0])[2:]
    kernel = attributes.integers(node, "kernel_shape", [])
    if not kernel:
        kernel = list(b.shape(attributes.source(node, 1))[2:])
    return [windows.resolved(node, axis) for axis in windows.given(node, kernel, extents, results)]


def padded(b: Builder, x: ir.Value, axes: Sequence[Axis]) -> ir.Value:
    """Return x with the zeros around it that the windows read."""
    before = [0, 0, *(axis.before for axis in axes)]
    behind = [0, 0, *(axis.needed_after for axis in axes)]
    if not any(before) and not any(behind):
        return x
    return b.op("Pad", x, np.array([*before, *behind], np.int64))


def taps(b: Builder, x: ir.Value, axes: Sequence[Axis]) -> list[ir.Value]:
    """Return what each tap of the windows reads, in the order of the kernel; x is padded already.

    Raises:
        Unsupported: There are too many taps.
    """
    if math.prod(axis.kernel for axis in axes) > _MOST_TAPS:
        raise Unsupported(f"a kernel of more than {_MOST_TAPS} taps, computed by the graph")
    found = []
    for at in itertools.product(*(range(axis.kernel) for axis in axes)):
        starts = [tap * axis.dilation for tap, axis in zip(at, axes, strict=True)]
        stops = [
            start + (axis.result - 1) * axis.stride + 1
            for start, axis in zip(starts, axes, strict=True)
        ]
        steps = [axis.stride for axis in axes]
        whole = all(
            (start, stop, step) == (0, extent, 1)
            for start, stop, step, extent in zip(starts, stops, steps, b.shape(x)[2:], strict=True)
        )
        over = list(range(2, 2 + len(axes)))
        found.append(x if whole else b.op("Slice", x, starts, stops, over, steps))
    return found


@decomposes("Conv")
def conv(b: Builder, node: ir.Node) -> ir.Value:
    """With computed weights a MatMul over the taps; over three axes a sum of 2-D convolutions."""
    weight = attributes.source(node, 1)
    if b.data(weight) is None:
        return _by_matrices(b, node)
    if len(b.shape(weight)) == 5:
        return _by_planes(b, node)
    raise Unsupported("it has constant weights, and slides over less than three axes")


def _by_matrices(b: Builder, node: ir.Node) -> ir.Value:
    """Multiply the weights, (G, O/G, C/G * taps), by what the taps read, (N, G, C/G * taps, L)."""
    x, weight = attributes.source(node), attributes.source(node, 1)
    bias = attributes.optional_input(node, 2)
    axes, groups = axes_of(b, node), attributes.integer(node, "group", 1)
    (batch, channels), shape = b.shape(x)[:2], b.shape(node.outputs[0])
    area, count = math.prod(shape[2:]), math.prod(axis.kernel for axis in axes)
    read = [
        b.reshape(tap, [batch, groups, channels // groups, 1, area])
        for tap in taps(b, padded(b, x, axes), axes)
    ]
    inner = channels // groups * count
    matrix = b.reshape(b.concat(read, 3), [batch * groups, inner, area])
    rows = shape[1] // groups
    left = b.reshape(weight, [groups, rows, inner])
    if groups > 1 and batch > 1:
        left = b.concat([left] * batch, 0)
    result = b.reshape(b.op("MatMul", left, matrix), shape)
    if bias is None:
        return result
    return b.op("Add", result, b.reshape(bias, [shape[1], *[1] * len(axes)]))


def _by_planes(b: Builder, node: ir.Node) -> ir.Value:
    """Sum the 2-D convolutions of the planes that each tap along the depth reads."""
    x, weight = attributes.source(node), attributes.source(node, 1)
    numbers = b.required_data(weight, "the weight of a convolution")
    bias = attributes.optional_input(node, 2)
    depth, *flat = axes_of(b, node)
    batch, _, *_ = shape = b.shape(node.outputs[0])
    if depth.before or depth.needed_after:
        x = b.op("Pad", x, [0, 0, depth.before, 0, 0, 0, 0, depth.needed_after, 0, 0])
    x = b.transpose(x, [0, 2, 1, 3, 4])
    total: ir.Value | None = None
    for tap in range(depth.kernel):
        start = tap * depth.dilation
        stop = start + (depth.result - 1) * depth.stride + 1
        planes = b.slice(x, 1, start, stop, depth.stride)
        frames = b.reshape(planes, [batch * depth.result, *b.shape(x)[2:]])
        part = b.op(
            "Conv",
            frames,
            np.ascontiguousarray(numbers[:, :, tap]),
            bias if tap == 0 else None,
            group=attributes.integer(node, "group", 1),
            strides=[axis.stride for axis in flat],
            dilations=[axis.dilation for axis in flat],
            pads=[*(axis.before for axis in flat), *(axis.needed_after for axis in flat)],
        )
        total = part if total is None else b.op("Add", total, part)
    if total is None:
        raise Unsupported("a kernel of no taps")
    grouped = b.reshape(total, [batch, depth.result, shape[1], *shape[3:]])
    return b.transpose(grouped, [0, 2, 1, 3, 4])


@decomposes("ConvInteger")
def conv_integer(b: Builder, node: ir.Node) -> ir.Value:
    """A convolution of floats; sums are exact up to 2^24."""
    x = _from_zero(b, attributes.source(node), attributes.optional_input(node, 2), 0)
    weight = attributes.source(node, 1)
    behind = len(b.shape(weight)) - 1
    result = b.op(
        "Conv",
        x,
        _from_zero(b, weight, attributes.optional_input(node, 3), behind),
        **{name: item.value for name, item in node.attributes.items()},
    )
    return b.cast(result, np.int32)


@decomposes("MatMulInteger")
def matmul_integer(b: Builder, node: ir.Node) -> ir.Value:
    """A product of floats; sums are exact up to 2^24."""
    left = _from_zero(b, attributes.source(node), attributes.optional_input(node, 2), 1)
    right = _from_zero(b, attributes.source(node, 1), attributes.optional_input(node, 3), 0)
    return b.cast(b.op("MatMul", left, right), np.int32)


def _from_zero(b: Builder, x: ir.Value, offset: ir.Value | None, behind: int) -> ir.Value:
    """Return integers without their zero point, as float32.

    Args:
        b: The builder.
        x: The integers.
        offset: The zero point, or one for each row or column.
        behind: How many axes of x lie behind the one that a list of zero points goes along.
    """
    numbers = b.cast(x, np.float32)
    if offset is None:
        return numbers
    if len(b.shape(offset)) == 1 and b.shape(offset) != (1,):
        offset = b.reshape(offset, [*b.shape(offset), *[1] * behind])
    return b.op("Sub", numbers, b.cast(offset, np.float32))
