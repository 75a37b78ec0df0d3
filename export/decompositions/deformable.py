"""Deformable convolution: pixels gathered at computed places, then a product with the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.convolution import axes_of
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.decompositions.sampling import bilinear_taps, weighed_rows
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis


@decomposes("DeformConv")
def deformable_convolution(b: Builder, node: ir.Node) -> ir.Value:
    """Bilinear samples for each tap, weighed by the mask, and one MatMul for each group."""
    x, weight, offsets = (attributes.source(node, number) for number in range(3))
    bias, mask = attributes.optional_input(node, 3), attributes.optional_input(node, 4)
    axes = axes_of(b, node)
    if len(axes) != 2:
        raise Unsupported(f"a deformable convolution over {len(axes)} axes")
    batch, channels, *extents = b.shape(x)
    _, outputs, *results = b.shape(node.outputs[0])
    groups = attributes.integer(node, "group", 1)
    parts = attributes.integer(node, "offset_group", 1)
    count, area = math.prod(axis.kernel for axis in axes), math.prod(results)
    grid = _places(axes)
    shifts = b.split(b.reshape(offsets, [batch * parts, count, 2, area]), 2, [1, 1])
    columns = []
    size = channels // parts
    moved = [
        b.op("Add", b.reshape(shift, [batch, parts, count * area]), line.reshape(1, 1, -1))
        for shift, line in zip(shifts, grid, strict=True)
    ]
    own = b.split(x, 1, [size] * parts)
    samples = np.arange(batch).reshape(batch, 1, 1)
    for part in range(parts):
        taps = [
            bilinear_taps(b, _part(b, place, part), extent)
            for place, extent in zip(moved, extents, strict=True)
        ]
        taken = weighed_rows(b, own[part], taps, samples)
        if mask is not None:
            masks = b.reshape(mask, [batch, parts, count * area])
            taken = b.op("Mul", taken, _part(b, masks, part))
        columns.append(b.transpose(taken, [0, 2, 1]))
    matrix = b.reshape(b.concat(columns, 1), [batch, groups, channels // groups * count, area])
    left = b.reshape(weight, [1, groups, outputs // groups, channels // groups * count])
    result = b.reshape(b.op("MatMul", left, matrix), [batch, outputs, *results])
    return result if bias is None else b.op("Add", result, b.reshape(bias, [outputs, 1, 1]))


def _part(b: Builder, values: ir.Value, part: int) -> ir.Value:
    """Return what (N, parts, P) holds of one part, as (N, P, 1)."""
    batch, _, points = b.shape(values)
    return b.reshape(b.slice(values, 1, part, part + 1), [batch, points, 1])


def _places(axes: Sequence[Axis]) -> list[Array]:
    """Return where each tap of each window lies without its offset, (taps * results) per axis."""
    lines = [
        np.arange(axis.kernel)[:, None] * axis.dilation
        + np.arange(axis.result)[None] * axis.stride
        - axis.before
        for axis in axes
    ]
    down, across = lines
    shape = (down.shape[0], across.shape[0], down.shape[1], across.shape[1])
    return [
        np.broadcast_to(down[:, None, :, None], shape).reshape(-1).astype(np.float32),
        np.broadcast_to(across[None, :, None, :], shape).reshape(-1).astype(np.float32),
    ]
