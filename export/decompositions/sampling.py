"""Sampling of images at computed places, as Gathers of pixels and their weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: Coordinates beyond are cut: they are far outside of any image, and integers can hold them.
_FAR = float(1 << 22)


@decomposes("GridSample")
def grid_sample(b: Builder, node: ir.Node) -> ir.Value:
    """Up to 16 Gathers of pixels, weighed by how far they lie from the places asked for."""
    x, grid = attributes.source(node), attributes.source(node, 1)
    batch, channels, *extents = b.shape(x)
    results = b.shape(grid)[1:-1]
    mode = attributes.text(node, "mode", "linear")
    border = attributes.text(node, "padding_mode", "zeros")
    aligned = bool(attributes.integer(node, "align_corners", 0))
    flat = b.reshape(grid, [batch, math.prod(results), len(extents)])
    named = b.split(flat, 2, [1] * len(extents))[::-1]  # x comes first, and is the last axis
    at = [
        _pixels(b, coordinate, extent, border, aligned, clamp="cubic" not in mode)
        for coordinate, extent in zip(named, extents, strict=True)
    ]
    ranges = [_limits(extent, aligned) for extent in extents]
    axes = [
        _taps(b, place, mode, _settler(b, extent, border, limits))
        for place, extent, limits in zip(at, extents, ranges, strict=True)
    ]
    total = weighed_rows(b, x, axes, np.arange(batch).reshape(batch, 1, 1))
    order = [0, len(extents) + 1, *range(1, len(extents) + 1)]
    return b.transpose(b.reshape(total, [batch, *results, channels]), order)


#: What an axis takes: an index (N, P, 1) of int64, and a weight of that shape or None for 1.
Tap = tuple[ir.Value, ir.Value | None]


def weighed_rows(
    b: Builder, x: ir.Value, axes: Sequence[Sequence[Tap]], samples: Array | ir.Value
) -> ir.Value:
    """Return the sum of pixels by weights, (N, P, C).

    Args:
        b: The builder.
        x: Images, (B, C, ...).
        axes: The taps along each spatial axis.
        samples: Which image a place lies in, (N, 1, 1) or (N, P, 1).
    """
    batch, channels, *extents = b.shape(x)
    order = [0, *range(2, 2 + len(extents)), 1]
    size = math.prod(extents)
    rows = b.reshape(b.transpose(x, order), [batch * size, channels])
    if isinstance(samples, ir.Value):
        start = b.op("Mul", samples, size)
    else:
        start = b.constant(samples * size)
    strides = [math.prod(extents[number + 1 :]) for number in range(len(extents))]
    steps = [
        [(index if stride == 1 else b.op("Mul", index, stride), share) for index, share in taps]
        for stride, taps in zip(strides, axes, strict=True)
    ]
    points = b.shape(axes[0][0][0])[:2]
    total: ir.Value | None = None
    for chosen in itertools.product(*steps):
        place, weight = start, None
        for step, share in chosen:
            place = b.op("Add", place, step)
            if share is not None:
                weight = share if weight is None else b.op("Mul", weight, share)
        taken = b.op("Gather", rows, b.reshape(place, [math.prod(points)]), axis=0)
        taken = b.reshape(taken, [*points, channels])
        part = taken if weight is None else b.op("Mul", taken, weight)
        total = part if total is None else b.op("Add", total, part)
    if total is None:
        raise Unsupported("an image without axes")
    return total


def _limits(extent: int, aligned: bool) -> tuple[float, float]:
    """Return where reflections turn back."""
    return (0.0, extent - 1.0) if aligned else (-0.5, extent - 0.5)


def _pixels(
    b: Builder, coordinate: ir.Value, extent: int, border: str, aligned: bool, clamp: bool
) -> ir.Value:
    """Return coordinates from -1 to 1 as pixels, brought inside as the border asks."""
    if aligned:
        place = b.op("Mul", b.op("Add", coordinate, 1.0), (extent - 1) / 2)
    else:
        place = b.op("Div", b.op("Sub", b.op("Mul", b.op("Add", coordinate, 1.0), extent), 1.0), 2)
    if border == "border" and clamp:
        return b.op("Clip", place, 0.0, extent - 1.0)
    if border == "reflection" and clamp:
        place = _reflected(b, place, _limits(extent, aligned))
        return b.op("Clip", place, 0.0, extent - 1.0)
    return b.op("Clip", place, -_FAR, _FAR)


def _reflected(b: Builder, place: ir.Value, limits: tuple[float, float]) -> ir.Value:
    """Return places turned back at the limits as often as it takes."""
    low, high = limits
    span = high - low
    if span == 0:
        return b.op("Mul", place, 0.0)
    # A triangle of period 2 span: the distance from low, folded.
    far = b.op("Sub", place, low)
    turns = b.op("Floor", b.op("Div", far, 2 * span))
    rest = b.op("Sub", far, b.op("Mul", turns, 2 * span))
    folded = b.op("Min", rest, b.op("Sub", 2 * span, rest))
    return b.op("Add", folded, low)


#: Makes a whole coordinate an index inside, and says what its pixel counts (None: all of it).
Settler = Callable[[ir.Value], Tap]


def _settler(b: Builder, extent: int, border: str, limits: tuple[float, float]) -> Settler:
    def settle(whole: ir.Value) -> Tap:
        if border == "reflection":
            whole = _reflected(b, whole, limits)
        inside = b.op("Clip", whole, 0.0, extent - 1.0)
        index = b.cast(inside, np.int64)
        if border != "zeros":
            return index, None
        return index, b.cast(b.op("Equal", inside, whole), b.dtype(whole))

    return settle


def _taps(b: Builder, place: ir.Value, mode: str, settle: Settler) -> list[Tap]:
    if mode == "nearest":
        return [settle(b.op("Round", place))]
    floor = b.op("Floor", place)
    fraction = b.op("Sub", place, floor)
    if mode in ("linear", "bilinear"):
        shares = [b.op("Sub", 1.0, fraction), fraction]
        return [_tap(b, floor, number, share, settle) for number, share in enumerate(shares)]
    if mode not in ("cubic", "bicubic"):
        raise Unsupported(f"sampling of mode {mode}")
    return [
        _tap(b, floor, number - 1, share, settle)
        for number, share in enumerate(_cubic_shares(b, fraction))
    ]


def _tap(b: Builder, floor: ir.Value, offset: int, share: ir.Value, settle: Settler) -> Tap:
    index, inside = settle(b.op("Add", floor, float(offset)) if offset else floor)
    return index, share if inside is None else b.op("Mul", share, inside)


def _cubic_shares(b: Builder, fraction: ir.Value) -> list[ir.Value]:
    """Return the weights of the four pixels around a place, by Keys' kernel with a = -0.75."""
    a = -0.75
    left = fraction
    right = b.op("Sub", 1.0, fraction)

    def near(t: ir.Value) -> ir.Value:
        line = b.op("Sub", b.op("Mul", t, a + 2), a + 3)
        return b.op("Add", b.op("Mul", b.op("Mul", line, t), t), 1.0)

    def far(t: ir.Value) -> ir.Value:
        t = b.op("Add", t, 1.0)
        inner = b.op("Add", b.op("Mul", b.op("Sub", t, 5.0), t), 8.0)
        return b.op("Mul", b.op("Sub", b.op("Mul", inner, t), 4.0), a)

    return [far(left), near(left), near(right), far(right)]


def bilinear_taps(b: Builder, place: ir.Value, extent: int) -> list[Tap]:
    """Return both taps of places in pixels, (N, P, 1); what lies outside counts nothing."""
    far = b.op("Clip", place, -_FAR, _FAR)
    return _taps(b, far, "linear", _settler(b, extent, "zeros", (0.0, 0.0)))


@decomposes("AffineGrid")
def affine_grid(b: Builder, node: ir.Node) -> ir.Value:
    """A constant grid of places, multiplied by the matrices."""
    theta = attributes.source(node)
    size = b.required_data(attributes.source(node, 1), "the size of AffineGrid").tolist()
    aligned = attributes.integer(node, "align_corners", 0)
    lines = []
    for extent in size[2:]:
        steps = np.arange(extent, dtype=np.float64)
        if aligned:
            lines.append(steps * 2 / max(extent - 1, 1) - 1 if extent > 1 else steps)
        else:
            lines.append((steps * 2 + 1) / extent - 1)
    mesh = np.meshgrid(*lines, indexing="ij")
    places = np.stack([*(each.reshape(-1) for each in mesh[::-1]), np.ones(mesh[0].size)], 1)
    turned = b.transpose(theta, [0, 2, 1])
    grid = b.op("MatMul", places.astype(b.dtype(theta))[None], turned)
    return b.reshape(grid, [size[0], *size[2:], len(size) - 2])


@decomposes("RoiAlign")
def roi_align(b: Builder, node: ir.Node) -> ir.Value:
    """Bilinear samples of each bin, their mean or maximum; the number of samples is fixed."""
    x, rois, owners = (attributes.source(node, number) for number in range(3))
    _, channels, *extents = b.shape(x)
    count = b.shape(rois)[0]
    bins = [attributes.integer(node, f"output_{side}", 1) for side in ("height", "width")]
    ratio = attributes.integer(node, "sampling_ratio", 0)
    if ratio <= 0:
        raise Unsupported("RoiAlign whose number of samples depends on the size of the region")
    scale = attributes.real(node, "spatial_scale", 1.0)
    default = "half_pixel" if b.opset >= 16 else "output_half_pixel"
    half = attributes.text(node, "coordinate_transformation_mode", default) == "half_pixel"
    corners = b.op("Mul", rois, scale)
    if half:
        corners = b.op("Sub", corners, 0.5)
    left, top, right, bottom = b.split(corners, 1, [1, 1, 1, 1])
    axes = []
    for low, high, size, extent in zip((top, left), (bottom, right), bins, extents, strict=True):
        span = b.op("Sub", high, low)
        if not half:
            span = b.op("Max", span, 1.0)
        steps = ((np.arange(size * ratio) + 0.5) / (size * ratio)).astype(np.float32)
        axes.append(_line_taps(b, b.op("Add", low, b.op("Mul", span, steps[None])), extent))
    points = (bins[0] * ratio, bins[1] * ratio)
    spread = [
        [
            (_spread(b, index, number, points), _spread(b, share, number, points))
            for index, share in taps
        ]
        for number, taps in enumerate(axes)
    ]
    samples = b.reshape(b.cast(owners, np.int64), [count, 1, 1])
    most = attributes.text(node, "mode", "avg") == "max"
    found = _maxima(b, x, spread, samples) if most else weighed_rows(b, x, spread, samples)
    kind = "ReduceMax" if most else "ReduceMean"
    rows = b.reshape(found, [count * bins[0], ratio, bins[1], ratio * channels])
    down = b.reduce(kind, rows, [1], keep=False)
    across = b.reshape(down, [count * bins[0], bins[1], ratio, channels])
    across = b.reduce(kind, across, [2], keep=False)
    return b.transpose(b.reshape(across, [count, *bins, channels]), [0, 3, 1, 2])


def _line_taps(b: Builder, places: ir.Value, extent: int) -> list[tuple[ir.Value, ir.Value]]:
    """Return both taps of places along an axis, (R, P): nothing beyond one pixel outside."""
    inside = b.op(
        "And",
        b.op("GreaterOrEqual", places, -1.0),
        b.op("LessOrEqual", places, float(extent)),
    )
    kept = b.op("Clip", places, 0.0, extent - 1.0)
    floor = b.op("Floor", kept)
    fraction = b.op("Sub", kept, floor)
    counted = b.cast(inside, np.float32)
    above = b.op("Min", b.op("Add", floor, 1.0), extent - 1.0)
    return [
        (b.cast(floor, np.int64), b.op("Mul", b.op("Sub", 1.0, fraction), counted)),
        (b.cast(above, np.int64), b.op("Mul", fraction, counted)),
    ]


def _spread(b: Builder, value: ir.Value, axis: int, points: tuple[int, int]) -> ir.Value:
    """Return what rows or columns say, (R, P), for each place, (R, rows * columns, 1)."""
    count, own = b.shape(value)
    shape = [count, own, 1] if axis == 0 else [count, 1, own]
    whole = b.op("Expand", b.reshape(value, shape), [count, *points])
    return b.reshape(whole, [count, math.prod(points), 1])


def _maxima(
    b: Builder, x: ir.Value, axes: Sequence[Sequence[tuple[ir.Value, ir.Value]]], samples: ir.Value
) -> ir.Value:
    """Return the largest weighed pixel of each place: what ONNX takes the maximum of."""
    most: ir.Value | None = None
    for chosen in itertools.product(*axes):
        part = weighed_rows(b, x, [[tap] for tap in chosen], samples)
        most = part if most is None else b.op("Max", most, part)
    if most is None:
        raise Unsupported("an image without axes")
    return most
