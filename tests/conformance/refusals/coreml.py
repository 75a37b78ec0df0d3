"""What Core ML, or the Core ML target, cannot express; packages are written for iOS 15 here."""

from __future__ import annotations

from tests.conformance.refusals import common
from tests.conformance.refusals.refusal import Refusal

REFUSALS = (
    *common.REFUSALS,
    Refusal(
        "MIL's pools have no dilation",
        "dilated pooling",
        (
            "test_averagepool_?d_dilations*",
            "test_maxpool_?d_dilations*",
            "test_MaxPool?d_stride_padding_dilation",
        ),
    ),
    # Ranks.
    Refusal(
        "tensors have at most five axes",
        "ML programs have at most 5",
        (
            "test_operator_permute2",
            "test_unsqueeze_three_axes",
            "test_unsqueeze_unsorted_axes",
        ),
    ),
    Refusal(
        "an input of a package has at least one axis",
        "it has no axes",
        ("test_pow_bcast_scalar",),
    ),
    # Types.
    Refusal(
        "a sequence has no shape",
        "the shape of x is not known",
        ("test_identity_sequence",),
    ),
    Refusal(
        "an integer to the power of a floating point number, rounded to an integer, is not written",
        "Pow of an integer to the power of a floating-point number",
        ("test_pow_types_float", "test_pow_types_int??_float32"),
    ),
    Refusal(
        "reduce_max and reduce_min do not take bool",
        "does not take it",
        ("test_reduce_m*_bool_inputs",),
    ),
    # Variants that MIL's operators do not have.
    Refusal(
        "gather_nd has batch_dims from iOS 16 on",
        "GatherND with batch_dims needs iOS 16",
        ("test_gathernd_example_int32_batch_dim1",),
    ),
    Refusal(
        "space_to_depth orders the channels in ONNX's mode DCR",
        "SpaceToDepth with mode CRD",
        ("test_spacetodepth_crd_mode_example",),
    ),
    Refusal(
        "MIL resizes by nearest and bilinear only",
        "Resize with mode cubic",
        ("test_resize_*cubic*",),
    ),
    Refusal(
        "MIL does not smooth what it makes smaller",
        "Resize with antialias",
        ("test_resize_*_antialias",),
    ),
    Refusal(
        "MIL's crop_resize is not written",
        "coordinate transformation tf_crop_and_resize",
        ("test_resize_tf_crop_and_resize*",),
    ),
    Refusal(
        "no sampling mode of resize_bilinear has the same positions",
        "Resize linear with",
        (
            "test_resize_downsample_scales_linear",
            "test_resize_downsample_scales_linear_align_corners",
            "test_resize_downsample_sizes_linear_pytorch_half_pixel",
            "test_resize_*_linear_half_pixel_symmetric",
        ),
    ),
)
