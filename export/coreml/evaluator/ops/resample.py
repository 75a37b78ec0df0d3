"""Pictures that are read at given coordinates."""

from __future__ import annotations

import itertools

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes

#: Where the picture's borders lie in the coordinates of each mode; None where they are pixels.
_RANGES = {
    "unnormalized": None,
    "normalized_minus_one_to_one": (-1.0, 1.0),
    "normalized_zero_to_one": (0.0, 1.0),
}


@computes("resample")
def resample(call: Call) -> Array:
    """Read (B, C, H, W) at (B, H2, W2, 2), pairs of x and y; the result is (B, C, H2, W2).

    Pixel i has its centre at i. The picture goes on beyond its borders as ``padding_mode`` says.
    Of two pixels that are equally near, the one with the even index is taken, as in PyTorch; the
    documentation leaves it open.
    """
    x, coordinates = wide(call["x"]), wide(call["coordinates"]).astype(np.float32)
    batch, channels, height, width = x.shape
    if coordinates.ndim != 4 or coordinates.shape[::3] != (batch, 2):
        raise invalid(call, f"coordinates of shape {coordinates.shape} for {x.shape}")
    demand_room(call, [batch, channels, *coordinates.shape[1:3]])
    across = _pixels(call, coordinates[..., 0], width)
    down = _pixels(call, coordinates[..., 1], height)
    mode = call["sampling_mode"]
    if mode == "nearest":
        return _read(call, x, np.rint(down), np.rint(across))
    if mode != "bilinear":
        raise invalid(call, f"sampling_mode is {mode!r}")
    top, left = np.floor(down), np.floor(across)
    result = np.zeros((batch, channels, *across.shape[1:]), np.float32)
    for i, j in itertools.product((0, 1), (0, 1)):
        share = (1 - np.abs(down - top - i)) * (1 - np.abs(across - left - j))
        result += _read(call, x, top + i, left + j) * share[:, None].astype(np.float32)
    return result


def _pixels(call: Call, coordinates: Array, extent: int) -> Array:
    """Return coordinates along an axis in pixels, of which the first one's centre is at 0."""
    mode = call["coordinates_mode"]
    if mode not in _RANGES:
        raise invalid(call, f"coordinates_mode is {mode!r}")
    borders = _RANGES[mode]
    if borders is None:
        return coordinates
    part = (coordinates - np.float32(borders[0])) / np.float32(borders[1] - borders[0])
    pixels: Array = part * np.float32(extent) - np.float32(0.5)
    if call["align_corners"]:
        pixels = part * np.float32(extent - 1)
    return pixels


def _read(call: Call, x: Array, down: Array, across: Array) -> Array:
    """Return the pixels at whole coordinates (B, H2, W2), beyond the borders as well."""
    rows, inside_rows = _inside(call, down, x.shape[2])
    columns, inside_columns = _inside(call, across, x.shape[3])
    samples = np.arange(len(x))[:, None, None]
    found = np.moveaxis(x[samples, :, rows, columns], -1, 1)
    if call["padding_mode"] != "constant":
        return found
    inside = (inside_rows & inside_columns)[:, None]
    return np.where(inside, found, wide(call["padding_value"]))


def _inside(call: Call, places: Array, extent: int) -> tuple[Array, Array]:
    """Return the pixel that stands at each place along an axis, and whether it is a real one."""
    mode = call["padding_mode"]
    real = (places >= 0) & (places < extent)
    # What is not finite is read at the border.
    index = np.clip(np.nan_to_num(places), -(2**30), 2**30).astype(np.int64)
    if mode == "reflection":
        period = max(2 * (extent - 1), 1)
        index = index % period
        index = np.where(index >= extent, period - index, index)
    elif mode == "symmetric":
        index = index % (2 * extent)
        index = np.where(index >= extent, 2 * extent - 1 - index, index)
    elif mode not in ("constant", "border"):
        raise invalid(call, f"padding_mode is {mode!r}")
    return np.clip(index, 0, extent - 1), real
