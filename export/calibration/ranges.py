"""The range of values each tensor takes over the calibration samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError

Ranges = dict[str, tuple[float, float]]
"""Tensor name -> (minimum, maximum)."""


def merge(ranges: Ranges, name: str, array: NDArray[np.generic], sample: int) -> None:
    """Widen the range of one tensor, in place, by the values it took on one sample.

    The range is the plain minimum and maximum over everything seen: no outlier is cut off and
    nothing is averaged.

    Args:
        ranges: Tensor name to (minimum, maximum).
        name: The tensor.
        array: Its values, of any shape but not empty.
        sample: Index of the calibration sample, counted from 0, for the message.

    Raises:
        InputError: The array holds NaN or infinity.
    """
    values: NDArray[Any] = array
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(
            f"The network produced NaN or infinity in tensor {name}.",
            where=f"calibration sample {sample}",
            why="an infinite range cannot be quantized",
            todo="check the weights, and that --calib matches the network's preprocessing",
        )
    if name in ranges:
        low, high = min(low, ranges[name][0]), max(high, ranges[name][1])
    ranges[name] = (low, high)
