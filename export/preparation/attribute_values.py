"""Values of attributes that no operator has a meaning for, or that runtimes read differently."""

from __future__ import annotations

import math

import onnx_ir as ir

#: Attributes that are 0 or 1. What another number means differs from one runtime to the next, and
#: from one operator to the next.
_FLAGS = {
    "align_corners",
    "allowzero",
    "antialias",
    "broadcast",
    "ceil_mode",
    "center_point_box",
    "count_include_pad",
    "detect_negative",
    "detect_positive",
    "exclude_outside",
    "exclusive",
    "fmod",
    "input_forget",
    "interleaved",
    "inverse",
    "is_causal",
    "keepdims",
    "largest",
    "layout",
    "linear_before_reset",
    "new_axis",
    "noop_with_empty_axes",
    "onesided",
    "output_sequence",
    "periodic",
    "reverse",
    "saturate",
    "select_last_index",
    "sorted",
    "storage_order",
    "training_mode",
    "transA",
    "transB",
    "upper",
}

#: What attributes say of which there are few kinds, of one operator or of any.
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "auto_pad"): ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    ("", "coordinate_transformation_mode"): (
        "half_pixel",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
        "tf_half_pixel_for_nn",
        "tf_crop_and_resize",
        "output_half_pixel",
    ),
    ("", "direction"): ("forward", "reverse", "bidirectional"),
    ("", "keep_aspect_ratio_policy"): ("stretch", "not_larger", "not_smaller"),
    ("", "nearest_mode"): ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    ("", "padding_mode"): ("zeros", "border", "reflection"),
    ("BitShift", "direction"): ("LEFT", "RIGHT"),
    ("DepthToSpace", "mode"): ("DCR", "CRD"),
    ("Gelu", "approximate"): ("none", "tanh"),
    ("GridSample", "mode"): ("linear", "nearest", "cubic", "bilinear", "bicubic"),
    ("NegativeLogLikelihoodLoss", "reduction"): ("none", "mean", "sum"),
    ("Pad", "mode"): ("constant", "reflect", "edge", "wrap"),
    ("Resize", "mode"): ("nearest", "linear", "cubic"),
    ("RoiAlign", "mode"): ("avg", "max"),
    ("ScatterElements", "reduction"): ("none", "add", "mul", "max", "min"),
    ("ScatterND", "reduction"): ("none", "add", "mul", "max", "min"),
    ("SoftmaxCrossEntropyLoss", "reduction"): ("none", "mean", "sum"),
    ("Upsample", "mode"): ("nearest", "linear", "bilinear"),
}

#: Attributes that are numbers of 64 bits, as the largest of them for "up to the end". Runtimes cut
#: all others off at 32 bits.
_WIDE = {"end", "start", "value_int"}

#: Attributes that say how windows lie.
_GEOMETRY = {"dilations", "kernel_shape", "output_padding", "output_shape", "pads", "strides"}

#: Attributes that say a type.
_TYPES = {"dtype", "output_dtype", "softmax_precision", "stash_type", "to"}

_KNOWN_TYPES = {dtype.value for dtype in ir.DataType}


def odd_attribute(node: ir.Node) -> str:
    """Return what is wrong with an attribute, whatever the operator; empty if nothing is."""
    for name, given in node.attributes.items():
        words = _WORDS.get((node.op_type, name), _WORDS.get(("", name), ()))
        # The value is bytes, and no text, where it is no UTF-8.
        if words and given.type == ir.AttributeType.STRING and given.value not in words:
            return f"its attribute {name} is {given.value!r}, and not one of {', '.join(words)}"
        if given.type == ir.AttributeType.FLOAT and math.isnan(given.as_float()):
            return f"its attribute {name} is not a number"
        if given.type == ir.AttributeType.INTS and name in _GEOMETRY:
            largest = max(given.as_ints(), key=abs, default=0)
            if abs(largest) >= 2**31:
                return f"its attribute {name} has {largest}, which takes more than 32 bits"
        if given.type != ir.AttributeType.INT:
            continue
        number = given.as_int()
        if abs(number) >= 2**31 and name not in _WIDE:
            return f"its attribute {name} is {number}, which takes more than 32 bits"
        if name in _FLAGS and number not in (0, 1):
            return f"its attribute {name} is {number}, and not 0 or 1"
        if name in _TYPES and number not in _KNOWN_TYPES:
            return f"its attribute {name} is {number}, and no type of ONNX"
    return ""
