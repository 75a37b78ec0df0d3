"""What no target takes: types and shapes that the lowerings share no way of storing, training."""

from __future__ import annotations

from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    Refusal(
        "only floating point numbers of 16 bits and more, int32, int64 and bool are taken",
        "has type",
        (
            "test_add_*int*",
            "test_cast*_*INT2*",
            "test_cast*_*INT4*",
            "test_cast*_*FLOAT4E*",
            "test_cast*_*FLOAT8E*",
            "test_clip_default_int8_*",
            "test_div_*int8",
            "test_div_*int16",
            "test_div_uint32",
            "test_div_uint64",
            "test_max_*int8",
            "test_max_*int16",
            "test_max_uint32",
            "test_max_uint64",
            "test_maxpool_2d_uint8",
            "test_min_*int8",
            "test_min_*int16",
            "test_min_uint32",
            "test_min_uint64",
            "test_mul_*int*",
            "test_pow_types_float32_uint*",
            "test_sub_*int*",
        ),
    ),
    Refusal(
        "a string is nothing that a network computes",
        "has type string",
        ("test_cast*STRING*",),
    ),
    Refusal(
        "an optional value is not a tensor",
        "is not a tensor",
        ("test_identity_opt",),
    ),
    Refusal(
        "a tensor without elements leaves nothing to compute",
        "has no elements",
        (
            "test_reduce_*_empty_set*",
            "test_reshape_allowzero_reordered",
            "test_split_zero_size_splits*",
        ),
    ),
    Refusal(
        "a tensor without elements leaves nothing to compute",
        "a slice without elements",
        ("test_slice_start_out_of_bounds",),
    ),
    Refusal(
        "the positions of the maxima are not computed",
        "its output 1 (z) is used",
        ("test_maxpool_with_argmax_2d_*",),
    ),
    Refusal(
        "statistics of a batch are computed in training only",
        "batch normalization in training mode",
        ("test_batchnorm_*_training_mode",),
    ),
    Refusal(
        "elements are dropped in training only",
        "dropout in training mode",
        ("test_training_dropout*",),
    ),
    Refusal(
        "the mask of a dropout is of use in training only",
        "its output 1 (z) is used",
        ("test_dropout_default_mask*",),
    ),
    Refusal(
        "a coordinate transformation that ONNX dropped in operator set 13",
        "coordinate transformation tf_half_pixel_for_nn",
        ("test_resize_downsample_sizes_nearest_tf_half_pixel_for_nn",),
    ),
)
