"""What TFLite, or the TFLite target, cannot express."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    *common.REFUSALS,
    # Windows.
    Refusal(
        "TRANSPOSE_CONV slides over two axes",
        "slides over 3 axes",
        ("test_convtranspose_3d",),
    ),
    Refusal(
        "TRANSPOSE_CONV has no dilation",
        "a dilated transposed convolution",
        ("test_convtranspose_dilations",),
    ),
    Refusal(
        "TRANSPOSE_CONV has no groups",
        "a transposed convolution in groups",
        ("test_convtranspose_group_2*",),
    ),
    Refusal(
        "TFLite's pools have no dilation",
        "dilated pooling",
        (
            "test_averagepool_?d_dilations*",
            "test_maxpool_?d_dilations*",
            "test_MaxPool?d_stride_padding_dilation",
        ),
    ),
    # Types.
    Refusal(
        "a sequence is not a tensor",
        "is not a tensor",
        ("test_identity_sequence",),
    ),
    Refusal(
        "POW wants base and exponent of one type",
        "to the power of",
        (
            "test_pow_types_float",
            "test_pow_types_int",
            "test_pow_types_float32_int*",
            "test_pow_types_int??_float32",
        ),
    ),
    Refusal(
        "LiteRT's POW does not take integers",
        "POW does not take int",
        ("test_pow_types_int32_int32", "test_pow_types_int64_int64"),
    ),
    Refusal(
        "REDUCE_MAX and REDUCE_MIN do not take bool",
        "does not take bool",
        ("test_reduce_m*_bool_inputs",),
    ),
    # Operands.
    Refusal(
        "GATHER by a table of indices of several axes is not written",
        "indices of 2 axes",
        ("test_Embedding*", "test_gather_2d_indices"),
    ),
    Refusal(
        "GatherND along more than one axis is not written",
        "GatherND along more than one axis",
        ("test_gathernd_example_*",),
    ),
    Refusal(
        "MatMul with a vector is not written",
        "MatMul with a vector",
        ("test_matmul_1d_?d", "test_matmul_4d_1d"),
    ),
    Refusal(
        "a Gemm whose addend is computed is not written",
        "the addend of Gemm must be a constant",
        ("test_operator_addmm",),
    ),
    # Variants that TFLite's operators do not have.
    Refusal(
        "ELU has no alpha",
        "Elu with alpha 2",
        ("test_ELU", "test_elu", "test_elu_example"),
    ),
    Refusal(
        "PAD fills with a constant, and MIRROR_PAD only mirrors",
        "Pad with mode",
        ("test_ReplicationPad2d", "test_wrap_pad"),
    ),
    Refusal(
        "TFLite resizes by nearest and bilinear only",
        "Resize with mode cubic",
        ("test_resize_*cubic*",),
    ),
    Refusal(
        "TFLite does not smooth what it makes smaller",
        "Resize with antialias",
        ("test_resize_*_antialias",),
    ),
    Refusal(
        "TFLite does not crop and resize in one operator",
        "coordinate transformation tf_crop_and_resize",
        ("test_resize_tf_crop_and_resize*",),
    ),
    Refusal(
        "no options of RESIZE_BILINEAR sample the same positions",
        "Resize linear with",
        (
            "test_resize_downsample_scales_linear",
            "test_resize_downsample_scales_linear_align_corners",
            "test_resize_downsample_sizes_linear_pytorch_half_pixel",
            "test_resize_*_linear_half_pixel_symmetric",
        ),
    ),
    Refusal(
        "no options of RESIZE_NEAREST_NEIGHBOR sample the same positions",
        "Resize nearest with",
        (
            "test_resize_downsample_sizes_nearest",
            "test_resize_downsample_sizes_nearest_not_smaller",
            "test_resize_upsample_sizes_nearest_ceil_half_pixel",
            "test_resize_upsample_sizes_nearest_floor_align_corners",
            "test_resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric",
        ),
    ),
)
