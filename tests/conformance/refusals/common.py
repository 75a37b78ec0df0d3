"""What no target for phones takes."""

from __future__ import annotations

from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    Refusal(
        "a tensor without elements leaves nothing to compute",
        # "x has no elements", or "a slice without elements", whichever is met first.
        " elements",
        (
            "test_causal_conv_with_state_kernel_size_one",
            "test_causal_conv_with_state_kernel_size_one_expanded",
            "test_constantofshape_int_shape_zero",
            "test_reduce_*_empty_set*",
            "test_reshape_allowzero_reordered",
            "test_shape_start_greater_than_end",
            "test_slice_start_out_of_bounds",
            "test_split_zero_size_splits*",
            "test_tri?_zero",
        ),
    ),
)
