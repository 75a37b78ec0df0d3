"""From the values that a tensor took to the range that its integers span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.histogram import BINS, Histogram

Bounds = tuple[float, float]
Observer = Literal["mse", "min-max", "percentile"]

#: The share of values that `percentile` keeps on each side.
KEPT = 0.99999

#: How far an end of the range is moved inwards at most, and in how many steps.
_SHORTEST = 0.1
_STEPS = 91


def min_max(histogram: Histogram, bits: int) -> Bounds:
    """Return the smallest and the largest value."""
    return histogram.low, histogram.high


def percentile(histogram: Histogram, bits: int) -> Bounds:
    """Return the range that leaves out the share ``1 - KEPT`` of the values on each side."""
    total = np.cumsum(histogram.counts)
    if not total[-1]:
        return histogram.low, histogram.high
    edges = np.arange(-BINS, BINS + 1) * histogram.width
    first = int(np.searchsorted(total, (1 - KEPT) * total[-1], side="right"))
    last = int(np.searchsorted(total, KEPT * total[-1]))
    low, high = float(edges[first]), float(edges[last + 1])
    return max(histogram.low, min(low, 0.0)), min(histogram.high, max(high, 0.0))


def mse(histogram: Histogram, bits: int) -> Bounds:
    """Return the range of least squared error.

    A value inside of the range is off by a rounding error, evenly spread over one step; one outside
    by its distance from the range; zero is exact. Of 16 bits, whose steps are smaller than the bins
    of a histogram, it is the range from the smallest to the largest value.
    """
    if bits > 8:
        return min_max(histogram, bits)
    low, high = min(histogram.low, 0.0), max(histogram.high, 0.0)
    shares = np.linspace(_SHORTEST, 1.0, _STEPS)
    lows, highs = (low * shares if low else np.zeros(1)), (high * shares if high else np.zeros(1))
    steps = (highs[None, :] - lows[:, None]) / (2**bits - 1)
    below, above = _beyond(histogram, lows, -1), _beyond(histogram, highs, 1)
    inside = histogram.counts.sum() - below[1][:, None] - above[1][None, :]
    error = below[0][:, None] + above[0][None, :] + inside * steps**2 / 12
    # Of equal errors the widest range, which is the last.
    best = error.size - 1 - int(np.argmin(error[::-1, ::-1]))
    return float(lows[best // len(highs)]), float(highs[best % len(highs)])


def _beyond(
    histogram: Histogram, ends: NDArray[np.float64], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squared distances of all values from ends that they lie beyond, and their count.

    Args:
        histogram: The values.
        ends: Of ranges.
        side: 1 for upper ends, -1 for lower ones.
    """
    x, counts = histogram.centers * side, histogram.counts
    if side < 0:
        x, counts = x[::-1], counts[::-1]
    sums = [
        np.concatenate(([0.0], np.cumsum((counts * x**power)[::-1])))[::-1] for power in (0, 1, 2)
    ]
    first = np.searchsorted(x, ends * side, side="right")
    count, total, squares = (each[first] for each in sums)
    end = ends * side
    return np.maximum(squares - 2 * end * total + end**2 * count, 0.0), count


OBSERVERS: dict[Observer, Callable[[Histogram, int], Bounds]] = {
    "mse": mse,
    "min-max": min_max,
    "percentile": percentile,
}
