"""What Core AI, or the Core AI target, cannot express."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    *common.REFUSALS,
    Refusal(
        "a shift of integers with a sign is a product, by a positive number of their type",
        "BitShift by",
        (
            "test_bitshift_*_negative_shift",
            "test_bitshift_*_shift_ge_width",
        ),
    ),
    Refusal(
        "Core AI does not read the bits of a number as another type",
        "BitCast",
        ("test_bitcast_*",),
    ),
)
