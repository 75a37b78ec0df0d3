"""A histogram of the values of one tensor, which grows while samples come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bins on each side of zero. A step of 8 bits spans eight of them or more.
BINS = 2048

#: Most values that are counted of one tensor on one sample, evenly spaced; bounds are of all.
_COUNTED = 8192


@dataclass
class Histogram:
    """How often a tensor took which values.

    Zero lies between two bins, and the width of a bin only doubles: so what was counted stays
    counted in the right place when a larger value comes.

    Attributes:
        low: The smallest value seen.
        high: The largest value seen.
        width: Of a bin; 0 while all values were zero.
        counts: Of values other than zero, (2 * BINS,); bin ``BINS + i`` holds those from
            ``i * width`` on.
    """

    low: float
    high: float
    width: float = 0.0
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2 * BINS))

    @property
    def centers(self) -> NDArray[np.float64]:
        """The middle of each bin, (2 * BINS,)."""
        return np.asarray((np.arange(-BINS, BINS) + 0.5) * self.width)

    def add(self, array: NDArray[Any], low: float, high: float) -> None:
        """Count the values of one sample.

        Args:
            array: The values; finite, of any shape but not empty.
            low: The smallest of them.
            high: The largest.
        """
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._reach(max(-self.low, self.high))
        flat = array.reshape(-1)
        step = -(-flat.size // _COUNTED)
        # An odd step meets all channels, and all columns, of tensors with even extents.
        values = flat[:: step | 1 if step > 1 else 1].astype(np.float64)
        zeros = values.size - np.count_nonzero(values)
        if zeros < values.size:
            self.counts += np.bincount(self._places(values), minlength=2 * BINS)
            self.counts[BINS] -= (
                zeros  # which it has counted: that is cheaper than to sort them out
            )

    def _reach(self, bound: float) -> None:
        if self.width == 0.0:
            self.width = bound / BINS
        while self.width * BINS < bound:
            quarter = BINS // 2
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.zeros(2 * BINS)
            self.counts[quarter : quarter + BINS] = pairs
            self.width *= 2

    def _places(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each value; the values are used up."""
        values /= self.width
        places = np.floor(values, out=values).astype(np.intp)
        places += BINS
        return np.clip(places, 0, 2 * BINS - 1, out=places)


def joined(histograms: Sequence[Histogram]) -> Histogram:
    """Return one histogram of several tensors, of which each counts alike."""
    low, high = min(h.low for h in histograms), max(h.high for h in histograms)
    result = Histogram(low, high)
    result._reach(max(-low, high))
    for one in histograms:
        total = one.counts.sum()
        if total:
            places = result._places(one.centers)
            result.counts += np.bincount(places, one.counts / total, minlength=2 * BINS)
    return result
