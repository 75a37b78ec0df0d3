"""What each scheme makes of a weight, by formulas: what packages are measured by."""

from __future__ import annotations

from _edgeship.export.coreml.compression import PALETTE_BITS
from _edgeship.export.coreml.palettes import Array, palette
from _edgeship.export.coreml.sparsity import least_sparsity
from _edgeship.export.verification.rounded_weights import to_8_bits


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
    return to_8_bits(weight, axis)
