"""By how much the mean of a channel is off, as far as that is no chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def certain_shift(differences: Floats) -> Floats:
    """Return the mean over samples, drawn to zero by as much as it may be chance.

    Args:
        differences: (samples, channels); two samples at least.
    """
    mean = differences.mean(axis=0)
    variance = differences.var(axis=0, ddof=1) / len(differences)
    kept = np.maximum(1 - variance / np.maximum(np.square(mean), 1e-30), 0.0)
    shift: Floats = mean * kept
    return shift
