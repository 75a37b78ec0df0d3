"""What each scheme makes of a weight, by formulas: what packages are measured by."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.compression import PALETTE_BITS
from _edgeship.export.coreml.palettes import Array, palette
from _edgeship.export.coreml.sparsity import least_sparsity

_STEPS = 127


def rounded(weight: Array, axis: int, scheme: str) -> Array:
    """Return a weight as a scheme stores it, in the weight's type.

    Args:
        weight: Floating point numbers.
        axis: Of the output channels.
        scheme: Its name; the weight is rounded to 8 bits if it has no palette.
    """
    if scheme in PALETTE_BITS:
        bits = PALETTE_BITS[scheme]
        keep_zeros = bool((weight == 0).mean() >= least_sparsity(bits))
        entries, indices = palette(weight, bits, keep_zeros)
        by_palette: Array = entries[indices].reshape(weight.shape)
        return by_palette
    step = int8_steps(weight, axis)
    step = np.where(step == 0, np.ones_like(step), step)
    linear: Array = (np.rint(weight / step) * step).astype(weight.dtype)
    return linear


def int8_steps(weight: Array, axis: int) -> Array:
    """Return the distance of two neighbours among the int8 weights of each output channel.

    Returns:
        In the weight's type, with one element for each channel, along ``axis``.
    """
    others = tuple(other for other in range(weight.ndim) if other != axis % weight.ndim)
    steps: Array = np.abs(weight).max(axis=others, keepdims=True) / weight.dtype.type(_STEPS)
    return steps
