"""Operators that sample the last axes of a tensor at other positions: those of (..., H, W)."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid, undocumented, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("resize_bilinear")
def resize_bilinear(call: Call) -> Array:
    """Interpolate H and W to a size; ``sampling_mode`` says at which positions."""
    sizes = [call.get("target_size_height", 1), call.get("target_size_width", 1)]
    return _linear(call, [int(size) for size in sizes])


@computes("resize")
def resize(call: Call) -> Array:
    """Interpolate the last ``resized_dims`` axes to a size (iOS 17); 0 keeps an axis as it is."""
    if call.get("interpolation_mode", "LINEAR") != "LINEAR":
        raise undocumented(call, "how this operator rounds positions to the nearest element")
    (count,) = call.integers("resized_dims")
    wanted = call.integers("shape")
    if not 0 < count <= len(wanted) <= np.ndim(call["x"]):
        raise invalid(call, f"the last {count} of the shape {wanted}")
    extents = np.shape(call["x"])[-count:]
    sizes = [size or extent for size, extent in zip(wanted[-count:], extents, strict=True)]
    return _linear(call, sizes)


@computes("upsample_bilinear")
def upsample_bilinear(call: Call) -> Array:
    """Interpolate to a multiple of the size; the scale is that of the rounded sizes."""
    x = wide(call["x"])
    align = bool(call.get("align_corners", True))
    half = bool(call.get("half_pixel_centers", not align))
    if align and half:
        raise invalid(call, "align_corners and half_pixel_centers are both true")
    mode = "STRICT_ALIGN_CORNERS" if align else "UNALIGN_CORNERS" if half else "DEFAULT"
    for axis, name in ((-2, "scale_factor_height"), (-1, "scale_factor_width")):
        size = _multiple(x.shape[axis], call.get(name, 1))
        x = _interpolated(x, axis, positions(mode, x.shape[axis], size))
    return x


@computes("resize_nearest_neighbor")
def resize_nearest_neighbor(call: Call) -> Array:
    """The nearest element, where element i has its centre at i + 1/2 in both grids.

    MIL's documentation names no grid. This is the one for which coremltools' TensorFlow front end
    uses the operator (``half_pixel_centers``). Halfway between two elements, the later is taken.
    """
    x = np.asarray(call["x"])
    for axis, name in ((-2, "target_size_height"), (-1, "target_size_width")):
        extent, size = x.shape[axis], int(call[name])
        x = x.take((2 * np.arange(size) + 1) * extent // (2 * size), axis)
    return x


@computes("upsample_nearest_neighbor")
def upsample_nearest_neighbor(call: Call) -> Array:
    """Element floor(i / factor) for each i.

    MIL's documentation does not say whether a fractional factor is replaced by the ratio of the
    rounded sizes, as in ``upsample_bilinear``.

    Raises:
        UnsupportedError: If the two readings choose different elements.
    """
    x = np.asarray(call["x"])
    for axis, name in ((-2, "scale_factor_height"), (-1, "scale_factor_width")):
        extent, factor = x.shape[axis], float(call.get(name, 1))
        size = _multiple(extent, factor)
        index = np.arange(size)
        chosen = index * extent // size
        # Front ends write (size + 0.0001) / extent, lest floor(extent * factor) be too small. So
        # what is the least bit below a whole number is meant to be that number.
        given = np.floor(index / factor + 2e-4 * extent / size)
        if not np.array_equal(chosen, np.minimum(given, extent - 1)):
            raise undocumented(call, f"which elements a factor of {factor} chooses of {extent}")
        x = x.take(chosen, axis)
    return x


def positions(mode: str, extent: int, size: int) -> Array:
    """Return where an axis is sampled, per MIL's documentation of ``resize_bilinear``.

    Args:
        mode: DEFAULT, STRICT_ALIGN_CORNERS, ALIGN_CORNERS, UNALIGN_CORNERS or OFFSET_CORNERS.
        extent: Elements of the input.
        size: Elements of the result.

    Returns:
        ``size`` positions between 0 and extent - 1, float64.

    Raises:
        KeyError: If there is no such mode.
    """
    index = np.arange(size)
    offset = max(1, extent - 1) / size
    corners = index * (extent - 1) / max(size - 1, 1)
    places: Array = {
        "DEFAULT": index * extent / size,
        "STRICT_ALIGN_CORNERS": corners,
        "ALIGN_CORNERS": corners if size > 1 else np.array([(extent - 1) / 2]),
        "UNALIGN_CORNERS": (index + 0.5) * extent / size - 0.5,
        "OFFSET_CORNERS": (index + 0.5) * offset,
    }[mode]
    return np.clip(places, 0, extent - 1)


def _linear(call: Call, sizes: list[int]) -> Array:
    """Interpolate as many of the last axes as there are sizes."""
    x = wide(call["x"])
    mode = call.get("sampling_mode", "DEFAULT")
    demand_room(call, [*x.shape[: x.ndim - len(sizes)], *sizes])
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        try:
            places = positions(mode, x.shape[axis], size)
        except KeyError as error:
            raise invalid(call, f"sampling_mode is {mode!r}") from error
        x = _interpolated(x, axis, places)
    return x


def _interpolated(x: Array, axis: int, places: Array) -> Array:
    """Return the values between the two elements around each place."""
    low = np.floor(places).astype(np.int64)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    weight = (places - low).astype(np.float32).reshape(-1, *[1] * (-axis - 1))
    result: Array = x.take(low, axis) * (1 - weight) + x.take(high, axis) * weight
    return result


def _multiple(extent: int, factor: Any) -> int:
    """Return floor(extent * factor), as MIL's documentation has it."""
    return int(np.floor(extent * float(factor)))
