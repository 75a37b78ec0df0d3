"""Resize as a product with a matrix of weights for each axis, by the specification's arithmetic.

A row of the matrix holds what an output element takes of each input element: this expresses any
mode, coordinate transformation, cut and smoothing between fixed sizes exactly.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: An axis of 8000 elements that becomes one of 8000 takes 256 MB of weights.
_MOST_WEIGHTS = 2**26


@decomposes("Resize", "Upsample")
def resize(b: Builder, node: ir.Node) -> ir.Value:
    """A Gather or a MatMul for each axis that changes."""
    x = attributes.source(node)
    before, after = b.shape(x), b.shape(node.outputs[0])
    scales, windows = _scales(b, node, before, after), _windows(b, node, len(before))
    mode = attributes.text(node, "mode", "nearest")
    for axis in _order(before, after):
        extent, result = before[axis], after[axis]
        positions = _positions(node, extent, result, scales[axis], windows[axis])
        if mode == "nearest":
            x = b.gather(x, _nearest(node, positions, extent), axis)
        else:
            matrix = _matrix(node, mode, positions, extent, scales[axis])
            x = _multiplied(b, x, axis, matrix)
    if (
        attributes.text(node, "coordinate_transformation_mode", "half_pixel")
        == "tf_crop_and_resize"
    ):
        x = _outside_filled(b, node, x, before, after, scales, windows)
    return x


def _order(before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    """Return the axes, those that shrink most first; an axis of scale 1 can be cropped too."""
    return sorted(range(len(before)), key=lambda axis: after[axis] / before[axis])


def _axes(node: ir.Node, rank: int) -> list[int]:
    return [axis % rank for axis in attributes.integers(node, "axes", list(range(rank)))]


def _scales(
    b: Builder, node: ir.Node, before: tuple[int, ...], after: tuple[int, ...]
) -> list[float]:
    axes = _axes(node, len(before))
    scales = [new / old for old, new in zip(before, after, strict=True)]
    given = b.data(attributes.optional_input(node, 1 if node.op_type == "Upsample" else 2))
    if given is not None and given.size == len(axes):
        for axis, scale in zip(axes, given.reshape(-1).tolist(), strict=True):
            scales[axis] = scale
        return scales
    policy = attributes.text(node, "keep_aspect_ratio_policy", "stretch")
    sizes = b.data(attributes.optional_input(node, 3))
    if policy != "stretch" and sizes is not None:
        ratios = [
            size / before[axis] for axis, size in zip(axes, sizes.reshape(-1).tolist(), strict=True)
        ]
        for axis in axes:
            scales[axis] = min(ratios) if policy == "not_larger" else max(ratios)
    return scales


def _windows(b: Builder, node: ir.Node, rank: int) -> list[tuple[float, float]]:
    """Return start and end of the part of each axis that is resized."""
    windows = [(0.0, 1.0)] * rank
    roi = b.data(attributes.optional_input(node, 1)) if node.op_type == "Resize" else None
    mode = attributes.text(node, "coordinate_transformation_mode", "half_pixel")
    if mode != "tf_crop_and_resize":
        return windows
    if roi is None:
        raise Unsupported("the region of Resize must be a constant")
    axes, corners = _axes(node, rank), roi.reshape(-1)
    if corners.size != 2 * len(axes):
        raise Unsupported(f"a region of {corners.size} numbers for {len(axes)} axes")
    for number, axis in enumerate(axes):
        windows[axis] = float(corners[number]), float(corners[len(axes) + number])
    return windows


def _positions(
    node: ir.Node, extent: int, result: int, scale: float, window: tuple[float, float]
) -> Array:
    """Return where in the input each output element lies, in float32 as ONNX Runtime has it."""
    default = "asymmetric" if node.op_type == "Upsample" else "half_pixel"
    mode = attributes.text(node, "coordinate_transformation_mode", default)
    index: Array = np.arange(result, dtype=np.float32)
    at: Array = (index + np.float32(0.5)) / np.float32(scale) - np.float32(0.5)
    if extent == result and scale == 1 and mode != "tf_crop_and_resize":
        at = index
    elif mode == "asymmetric":
        at = index / np.float32(scale)
    elif mode == "align_corners":
        at = index * np.float32(extent - 1) / np.float32(max(result - 1, 1)) * (result > 1)
    elif mode == "pytorch_half_pixel" and result == 1:
        at = index * 0
    elif mode == "tf_half_pixel_for_nn":
        at = (index + np.float32(0.5)) / np.float32(scale)
    elif mode == "half_pixel_symmetric":
        at = at + np.float32(extent / 2 * (1 - result / (scale * extent)))
    elif mode == "tf_crop_and_resize":
        start, end = window
        first, length = start * (extent - 1), (end - start) * (extent - 1)
        at = index * np.float32(length / max(result - 1, 1))
        at = at + np.float32(first if result > 1 else first + length / 2)
    elif mode not in ("half_pixel", "pytorch_half_pixel"):
        raise Unsupported(f"Resize with coordinate transformation {mode}")
    return at


def _nearest(node: ir.Node, positions: Array, extent: int) -> Array:
    rounding = attributes.text(node, "nearest_mode", "round_prefer_floor")
    if node.op_type == "Upsample":
        rounding = "floor"
    places: Array = {
        "floor": np.floor(positions),
        "ceil": np.ceil(positions),
        "round_prefer_floor": np.ceil(positions - np.float32(0.5)),
        "round_prefer_ceil": np.floor(positions + np.float32(0.5)),
    }[rounding]
    inside: Array = places.clip(0, extent - 1).astype(np.int64)
    return inside


def _matrix(node: ir.Node, mode: str, positions: Array, extent: int, scale: float) -> Array:
    """Return the weights, (result, extent)."""
    if len(positions) * extent > _MOST_WEIGHTS:
        raise Unsupported(f"it makes {len(positions)} rows of {extent}, beyond {_MOST_WEIGHTS}")
    smooth = bool(attributes.integer(node, "antialias", 0)) and scale < 1
    stretch = 1 / scale if smooth else 1.0
    reach = (1.0 if mode == "linear" else 2.0) * stretch
    at = positions.astype(np.float64)
    if mode == "linear" and not smooth:
        at = at.clip(0, extent - 1)
    first = np.floor(at - reach).astype(np.int64)
    places = first[:, None] + np.arange(2 * math.ceil(reach) + 2)
    distance = np.abs(places - at[:, None]) / stretch
    if mode == "linear":
        weights = np.maximum(1 - distance, 0)
    else:
        weights = _cubic(distance, attributes.real(node, "cubic_coeff_a", -0.75))
    if (smooth or mode == "cubic") and attributes.integer(node, "exclude_outside", 0):
        weights = weights * ((places >= 0) & (places < extent))
    weights = weights / weights.sum(1, keepdims=True)
    matrix = np.zeros((len(at), extent))
    rows = np.broadcast_to(np.arange(len(at))[:, None], places.shape)
    np.add.at(matrix, (rows, places.clip(0, extent - 1)), weights)
    return matrix.astype(np.float32)


def _cubic(distance: Array, a: float) -> Array:
    """Return Keys' kernel at a distance from its middle."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))


def _multiplied(b: Builder, x: ir.Value, axis: int, matrix: Array) -> ir.Value:
    """Return x with an axis replaced by the products of its elements with each row."""
    if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix))):
        return x
    rank = len(b.shape(x))
    if axis == rank - 1:
        return b.op("MatMul", x, np.ascontiguousarray(matrix.T))
    if axis == rank - 2:
        return b.op("MatMul", matrix, x)
    order = [*(each for each in range(rank) if each != axis), axis]
    last = b.op("MatMul", b.transpose(x, order), np.ascontiguousarray(matrix.T))
    return b.transpose(last, [order.index(each) for each in range(rank)])


def _outside_filled(
    b: Builder,
    node: ir.Node,
    x: ir.Value,
    before: tuple[int, ...],
    after: tuple[int, ...],
    scales: list[float],
    windows: list[tuple[float, float]],
) -> ir.Value:
    """Put the number there that is asked for where the region reaches beyond the input."""
    inside = np.ones(after, bool)
    for axis, (extent, result) in enumerate(zip(before, after, strict=True)):
        at = _positions(node, extent, result, scales[axis], windows[axis])
        own = [-1 if each == axis else 1 for each in range(len(after))]
        inside &= ((at >= 0) & (at <= extent - 1)).reshape(own)
    if inside.all():
        return x
    return b.op("Where", inside, x, attributes.real(node, "extrapolation_value", 0.0))
