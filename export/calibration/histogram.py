"""A histogram of the values of one tensor, which grows while samples come in."""

from __future__ import annotations

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
        counts: Of values, (2 * BINS,); bin ``BINS + i`` holds those from ``i * width`` on.
    """

    low: float
    high: float
    width: float = 0.0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2 * BINS, np.int64))

    @property
    def centers(self) -> NDArray[np.float64]:
        """The middle of each bin, (2 * BINS,)."""
        return (np.arange(-BINS, BINS) + 0.5) * self.width

    def add(self, array: NDArray[Any]) -> None:
        """Count the values of one sample; finite, of any shape but not empty."""
        self.low, self.high = min(self.low, float(array.min())), max(self.high, float(array.max()))
        reach = max(-self.low, self.high)
        if reach == 0.0:
            return
        if self.width == 0.0:
            self.width = reach / BINS
        while self.width * BINS < reach:
            self._double()
        flat = array.reshape(-1)
        step = -(-flat.size // _COUNTED)
        # An odd step meets all channels, and all columns, of tensors with even extents.
        values = flat[:: step + (step > 1 and step % 2 == 0)]
        places = np.floor(values.astype(np.float64) / self.width).astype(np.int64) + BINS
        self.counts += np.bincount(np.clip(places, 0, 2 * BINS - 1), minlength=2 * BINS)

    def _double(self) -> None:
        quarter = BINS // 2
        pairs = self.counts.reshape(-1, 2).sum(axis=1)
        self.counts = np.zeros(2 * BINS, np.int64)
        self.counts[quarter : quarter + BINS] = pairs
        self.width *= 2
