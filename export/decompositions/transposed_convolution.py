"""Transposed convolutions in forms that targets refuse, as convolutions and blocks of pixels.

With stride s, output s q + r is a convolution of the input with every s-th tap of the kernel. The
results for all r are computed by convolutions, in groups where the node has groups, and laid
together by DepthToSpace.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes, windows
from _edgeship.export.lowering.windows import Axis


@decomposes("ConvTranspose")
def conv_transpose(b: Builder, node: ir.Node) -> ir.Value:
    """A convolution for each phase of the strides, interleaved, and its borders cut off."""
    x, weight = attributes.source(node), attributes.source(node, 1)
    bias = attributes.optional_input(node, 2)
    extents, shape = b.shape(x)[2:], b.shape(node.outputs[0])
    kernel = b.shape(weight)[2:]
    given = windows.given(node, kernel, extents, shape[2:])
    axes = windows.transposed(node, given)
    groups = attributes.integer(node, "group", 1)
    numbers = b.data(weight)
    if numbers is None:
        return _by_columns(b, node, axes, groups)
    if len(axes) == 1:
        flat, numbers = b.reshape(x, [*b.shape(x)[:2], 1, extents[0]]), numbers[:, :, None]
        line = [Axis(1, 1, 1, 1, 1, 0, 0), *axes]
        return b.reshape(_by_phases(b, flat, numbers, bias, line, groups), shape)
    return _by_phases(b, x, numbers, bias, axes, groups)


def _by_phases(
    b: Builder,
    x: ir.Value,
    weight: Array,
    bias: ir.Value | None,
    axes: Sequence[Axis],
    groups: int,
) -> ir.Value:
    weight = _forward(weight, groups)
    counts = [_steps(axis) for axis in axes]
    phases = []
    for phase in itertools.product(*(range(axis.stride) for axis in axes)):
        kernel, before, behind = weight, [], []
        for number, (rest, axis, count) in enumerate(zip(phase, axes, counts, strict=True)):
            kernel, reach = _every(kernel, number + 2, rest, axis)
            before.append(reach)
            behind.append(count - axis.extent)
        phases.append(b.op("Conv", x, kernel, bias, group=groups, pads=[*before, *behind]))
    full = _interleaved(b, phases, [axis.stride for axis in axes], counts)
    return _cropped(b, full, axes)


def _steps(axis: Axis) -> int:
    """Return how many outputs each phase is to have, so that the result is among them."""
    return max(-(-max(axis.full, axis.before + axis.result) // axis.stride), axis.extent)


def _forward(weight: Array, groups: int) -> Array:
    """Return the weight (C, O/G, ...) of a transposed convolution as that of one: (O, C/G, ...)."""
    channels, outputs, *kernel = weight.shape
    split = weight.reshape(groups, channels // groups, outputs, *kernel).swapaxes(1, 2)
    forward: Array = split.reshape(groups * outputs, channels // groups, *kernel)
    return forward


def _every(weight: Array, number: int, rest: int, axis: Axis) -> tuple[Array, int]:
    """Return the taps of one phase along an axis, reversed, and how far back the first reads."""
    places = np.arange(axis.kernel) * axis.dilation
    own = np.flatnonzero(places % axis.stride == rest)
    back = (places[own] - rest) // axis.stride
    reach = int(back.max(initial=0))
    shape = list(weight.shape)
    shape[number] = reach + 1
    kernel = np.zeros(shape, weight.dtype)
    target = [slice(None)] * weight.ndim
    for tap, steps in zip(own, back, strict=True):
        target[number] = slice(reach - steps, reach - steps + 1)
        kernel[tuple(target)] = weight.take([tap], number)
    return kernel, reach


def _interleaved(
    b: Builder, phases: Sequence[ir.Value], strides: Sequence[int], counts: Sequence[int]
) -> ir.Value:
    """Return the phases laid together."""
    if len(phases) == 1:
        return phases[0]
    batch, channels, *_ = b.shape(phases[0])
    if len(strides) == 2 and strides[0] == strides[1]:
        return b.op("DepthToSpace", b.concat(phases, 1), blocksize=strides[0])
    # Axis by axis, the last first: at most one axis more than the input has.
    grid = list(phases)
    for number in range(len(strides) - 1, -1, -1):
        step = strides[number]
        grid = [
            _woven(b, grid[start : start + step], 2 + number) for start in range(0, len(grid), step)
        ]
    (whole,) = grid
    sizes = [count * step for count, step in zip(counts, strides, strict=True)]
    return b.reshape(whole, [batch, channels, *sizes])


def _woven(b: Builder, values: Sequence[ir.Value], axis: int) -> ir.Value:
    """Return values of one shape with their elements in turn along an axis."""
    if len(values) == 1:
        return values[0]
    shape = b.shape(values[0])
    # What lies before and behind the axis is joined, so that four axes are enough.
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    flat = [b.reshape(value, [outer, shape[axis], 1, inner]) for value in values]
    wide = [*shape[:axis], shape[axis] * len(values), *shape[axis + 1 :]]
    return b.reshape(b.concat(flat, 2), wide)


def _cropped(b: Builder, full: ir.Value, axes: Sequence[Axis]) -> ir.Value:
    """Return the part that the pads leave."""
    starts = [axis.before for axis in axes]
    stops = [axis.before + axis.result for axis in axes]
    extents = b.shape(full)[2:]
    if not any(starts) and tuple(stops) == extents:
        return full
    return b.op("Slice", full, starts, stops, list(range(2, 2 + len(axes))))


def _by_columns(b: Builder, node: ir.Node, axes: Sequence[Axis], groups: int) -> ir.Value:
    """Multiply by computed weights, and add up what overlaps, as Col2Im does."""
    x, weight = attributes.source(node), attributes.source(node, 1)
    bias = attributes.optional_input(node, 2)
    batch, channels, *extents = b.shape(x)
    outputs, *kernel = b.shape(weight)[1:]
    area, count = math.prod(extents), math.prod(kernel)
    left = b.reshape(weight, [groups, channels // groups, outputs * count])
    left = b.concat([b.transpose(left, [0, 2, 1])] * batch, 0)
    right = b.reshape(x, [batch * groups, channels // groups, area])
    columns = b.reshape(b.op("MatMul", left, right), [batch, groups * outputs * count, area])
    total = summed_blocks(b, columns, axes)
    if bias is None:
        return total
    return b.op("Add", total, b.reshape(bias, [groups * outputs, *[1] * len(axes)]))


def summed_blocks(b: Builder, columns: ir.Value, axes: Sequence[Axis]) -> ir.Value:
    """Return (N, C, ...) of which ``columns``, (N, C * taps, L), are overlapping blocks, added up.

    A transposed convolution by ones: each tap of a block goes to its own place.
    """
    batch, rows, _ = b.shape(columns)
    kernel = [axis.kernel for axis in axes]
    count = math.prod(kernel)
    channels = rows // count
    x = b.reshape(columns, [batch * channels, count, *(axis.extent for axis in axes)])
    ones = np.eye(count, dtype=b.dtype(columns)).reshape(count, 1, *kernel)
    total = b.op(
        "ConvTranspose",
        x,
        ones,
        strides=[axis.stride for axis in axes],
        dilations=[axis.dilation for axis in axes],
        pads=[*(axis.before for axis in axes), *(axis.after for axis in axes)],
        output_padding=[axis.result + axis.before + axis.after - axis.full for axis in axes],
    )
    return b.reshape(total, [batch, channels, *(axis.result for axis in axes)])


@decomposes("Col2Im")
def col2im(b: Builder, node: ir.Node) -> ir.Value:
    """Blocks added up by a transposed convolution."""
    columns = attributes.source(node)
    image = b.required_data(attributes.source(node, 1), "the image of Col2Im").tolist()
    block = b.required_data(attributes.source(node, 2), "the block of Col2Im").tolist()
    axes = []
    for axis in windows.given(node, block, [1] * len(block), image):
        extent = (axis.result + axis.before + axis.after - axis.reach) // axis.stride + 1
        axes.append(
            Axis(
                extent,
                axis.result,
                axis.kernel,
                axis.stride,
                axis.dilation,
                axis.before,
                axis.after,
            )
        )
    return summed_blocks(b, columns, axes)
