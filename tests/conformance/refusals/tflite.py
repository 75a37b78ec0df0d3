"""What TFLite, or the TFLite target, cannot express."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    *common.REFUSALS,
    Refusal(
        "LiteRT has no kernels for numbers of type uint64",
        "type uint64",
        (
            "test_*_uint64",
            "test_*_uint64_expanded",
            "test_bitwise_*_ui64_bcast_3v1d",
        ),
    ),
    Refusal(
        "LiteRT shifts the bits of numbers of 32 bits and less",
        "bits of int64",
        ("test_bitshift_*_int64",),
    ),
    Refusal(
        "float64 is stored as float32, which has other bits",
        "BitCast",
        ("test_bitcast_float64_to_int64", "test_bitcast_int64_to_float64"),
    ),
)
