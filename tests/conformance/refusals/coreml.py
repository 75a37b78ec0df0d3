"""What Core ML, or the Core ML target, cannot express; packages are written for iOS 15 here."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    *common.REFUSALS,
    Refusal(
        "inputs and outputs have at most five axes; inside, axes are merged",
        "ML programs have at most 5",
        (
            "test_nllloss_NCd1d2d3d4d5_*",
            "test_operator_permute2",
            "test_sce_NCd1d2d3d4d5_*",
            "test_unsqueeze_three_axes",
            "test_unsqueeze_unsorted_axes",
        ),
    ),
    Refusal(
        "integers have 32 bits, so that shifts go as far as a power of two does",
        "BitShift by",
        (
            "test_bitshift_*_negative_shift",
            "test_bitshift_*_int32_shift_ge_width",
            "test_bitshift_left_int32_overflow",
        ),
    ),
    Refusal(
        "MIL does not read the bits of a number as another type",
        "BitCast",
        ("test_bitcast_*",),
    ),
)
