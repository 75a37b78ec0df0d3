"""Arrays to compute with, and their comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def rand(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Return the same random float32 numbers for the same shape and range."""
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def near(found: ArrayLike, expected: ArrayLike, tolerance: float = 1e-6) -> None:
    """Assert equal shapes, and equal values to ``tolerance``, relative and absolute."""
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
