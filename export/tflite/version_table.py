"""Which features each version of a TFLite operator added, and the first release that has it.

The facts are TensorFlow's, from ``tensorflow/compiler/mlir/lite/tools/versioning``: the features
from ``op_version.cc`` (with ``op_signature.cc``), the releases from ``runtime_version.cc``. Three
kinds of rules there do not say what the kernels do and differ here:

* The int16 rules of the convolutions and of the fully connected layer ask for int16 weights, some
  for a second output too. The int16 kernels take int8 weights and have one output, so int16
  activations alone decide here. In the transposed convolution, activations are input 2.
* A tensor with a single scale for its single channel counts as per-channel there; the kernels
  treat it as per-tensor, and so do the rules here.
* The option that promises power-of-two scales is believed there; here the scales are looked at.
"""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.version_rules import (
    Rule,
    all_of,
    any_of,
    bias_type_chosen,
    broadcast_above_rank_4,
    dilated,
    either_is,
    free_scales,
    grouped,
    has_input,
    input_count,
    input_is,
    none_of,
    option,
    output_is,
    per_channel_input,
    per_channel_output,
    quantized,
    rank_above,
    rescale_above_1,
    sparse_weights,
    weights,
)

_T = schema.TensorType

_IN_INT8 = input_is(_T.INT8)
_IN_INT16 = input_is(_T.INT16)
_IN_BOOL = input_is(_T.BOOL)
_IN_STRING = input_is(_T.STRING)
_IN_UINT32 = input_is(_T.UINT32)
_HYBRID = weights(_T.FLOAT32, _T.INT8)
_INT8 = weights(_T.INT8, _T.INT8)
_INT4 = weights(_T.INT8, _T.INT4)
_ASYMMETRIC = option("asymmetricQuantizeInputs")

_NONE: dict[int, Rule] = {}
_8: dict[int, Rule] = {2: _IN_INT8}
_8_16: dict[int, Rule] = {2: _IN_INT8, 3: _IN_INT16}
_8_OR_U8: dict[int, Rule] = {2: input_is(_T.INT8, _T.UINT8)}
_8_OR_16: dict[int, Rule] = {2: input_is(_T.INT8, _T.INT16)}
_8_BOOL_16: dict[int, Rule] = {**_8, 3: _IN_BOOL, 4: _IN_INT16}
_8_BROADCAST_16: dict[int, Rule] = {**_8, 3: broadcast_above_rank_4, 4: _IN_INT16}
_PAD: dict[int, Rule] = {**_8_16, 4: rank_above(4), 5: _IN_BOOL}

# Operator: the release that first has version 1, 2, ... ("-": that version was withdrawn), and
# what each version above the first added.
OPERATORS: dict[str, tuple[str, dict[int, Rule]]] = {
    "ABS": (
        "1.13.0 2.4.0 2.5.0 2.6.0 2.12.0",
        {
            **_8_OR_U8,
            3: all_of(_IN_INT16, quantized),
            4: all_of(_IN_INT16, none_of(quantized)),
            5: input_is(_T.INT32),
        },
    ),
    "ADD": (
        "1.5.0 1.14.0 2.4.0 2.6.0 2.13.0 2.23.0",
        {
            2: _IN_INT8,
            3: all_of(_IN_INT16, free_scales),
            4: input_is(_T.INT64),
            5: all_of(_IN_INT16, none_of(quantized)),
            6: input_is(_T.FLOAT16),
        },
    ),
    "ARG_MAX": ("1.9.0 1.14.0 2.9.0", {**_8, 3: _IN_BOOL}),
    "ARG_MIN": ("1.9.0 1.14.0 2.9.0", {**_8, 3: _IN_BOOL}),
    "AVERAGE_POOL_2D": ("1.5.0 1.14.0 2.3.0", _8_16),
    "BATCH_MATMUL": ("2.3.0 2.3.0 2.4.0 2.5.0", {**_8_16, 4: all_of(_HYBRID, _ASYMMETRIC)}),
    "BITCAST": ("2.13.0", _NONE),
    "BITWISE_XOR": ("2.13.0", _NONE),
    "BROADCAST_TO": ("- 2.5.0 2.5.0", {3: input_is(_T.INT8, _T.INT16)}),
    "CAST": (
        "1.5.0 2.7.0 2.8.0 2.9.0 2.12.0 2.15.0 2.17.0 2.21.0",
        {
            2: either_is(_T.UINT32),
            3: either_is(_T.INT8),
            4: either_is(_T.UINT16),
            5: either_is(_T.FLOAT64, _T.FLOAT16),
            6: all_of(input_is(_T.INT4), output_is(_T.FLOAT32)),
            7: either_is(_T.BFLOAT16),
            8: either_is(_T.INT2, _T.UINT4),
        },
    ),
    "CEIL": ("1.14.0", _NONE),
    "CONCATENATION": (
        "1.5.0 1.14.0 2.3.0 2.14.0 2.21.0",
        {**_8_16, 4: _IN_UINT32, 5: input_is(_T.INT4)},
    ),
    "CONV_2D": (
        "1.5.0 1.14.0 1.14.0 2.3.0 2.4.0 2.9.0 2.11.0 2.15.0",
        {
            2: _HYBRID,
            3: _INT8,
            4: _IN_INT16,
            5: all_of(_HYBRID, per_channel_input(1)),
            6: grouped,
            7: _INT4,
            8: bias_type_chosen(2),
        },
    ),
    "COS": ("1.14.0", _NONE),
    "CUMSUM": ("2.4.0", _NONE),
    "DEPTH_TO_SPACE": ("2.1.0 2.5.0", _8),
    "DEPTHWISE_CONV_2D": (
        "1.5.0 1.12.0 1.14.0 2.2.0 2.3.0 2.3.0 2.11.0",
        {
            2: dilated,
            3: _INT8,
            4: _HYBRID,
            5: _IN_INT16,
            6: all_of(_HYBRID, per_channel_input(1)),
            7: _INT4,
        },
    ),
    "DEQUANTIZE": (
        "1.13.1 1.14.0 1.15.0 2.2.0 2.7.0 2.18.0 2.21.0 2.22.0",
        {
            2: _IN_INT8,
            3: input_is(_T.INT16, _T.FLOAT16),
            5: all_of(_IN_INT8, per_channel_input(0)),
            6: input_is(_T.INT4),
            7: input_is(_T.INT2),
            8: input_is(_T.UINT4),
        },
    ),
    "DIV": ("1.6.0 2.3.0", {2: broadcast_above_rank_4}),
    "ELU": ("1.14.0", _NONE),
    "EQUAL": ("1.14.0 1.14.0 2.3.0 2.13.0 2.21.0", {**_8, 3: _IN_STRING, 5: _IN_INT16}),
    "EXP": ("1.7.0 2.12.0", _8_OR_16),
    "EXPAND_DIMS": ("1.10.0", _NONE),
    "FLOOR": ("1.9.0", _NONE),
    "FLOOR_MOD": ("1.13.0 2.13.0", _8_OR_16),
    "FULLY_CONNECTED": (
        "1.5.0 1.10.0 1.14.0 1.14.0 2.0.0 2.1.0 2.3.0 2.3.0 2.3.0 2.11.0 2.15.0 2.17.0 2.18.0"
        " 2.21.0",
        {
            2: option("weightsFormat"),
            3: _HYBRID,
            4: _INT8,
            5: option("keepNumDims"),
            6: input_count(2),
            7: _IN_INT16,
            8: sparse_weights,
            9: all_of(_HYBRID, _ASYMMETRIC),
            10: _INT4,
            11: bias_type_chosen(2),
            12: all_of(_HYBRID, per_channel_input(1)),
            13: weights(_T.INT16, _T.INT4),
            14: input_is(_T.INT2, at=1),
        },
    ),
    "GATHER": (
        "1.6.0 1.14.0 1.15.0 2.4.0 2.5.0 2.13.0 2.15.0",
        {**_8_BOOL_16, 5: option("batchDims"), 6: input_is(_T.INT16, at=1), 7: input_is(_T.INT4)},
    ),
    "GATHER_ND": (
        "1.14.0 2.3.0 2.5.0 2.13.0 2.16.0",
        {2: _IN_STRING, 3: _IN_INT16, 4: input_is(_T.INT16, at=1), 5: _IN_BOOL},
    ),
    "GELU": ("2.9.0 2.9.0", _8_OR_U8),
    "GREATER": ("1.14.0 1.14.0", _8),
    "GREATER_EQUAL": ("1.14.0 1.14.0 2.13.0", _8_16),
    "HARD_SWISH": ("1.15.0", _NONE),
    "L2_NORMALIZATION": ("1.5.0 1.14.0", {2: output_is(_T.INT8)}),
    "LEAKY_RELU": ("1.13.1 2.3.0", {2: _IN_INT16}),
    "LESS": ("1.14.0 1.14.0 2.13.0", _8_16),
    "LESS_EQUAL": ("1.14.0 1.14.0", _8),
    "LOG": ("1.14.0 2.15.0", _8_OR_16),
    "LOG_SOFTMAX": ("1.14.0 1.14.0", _8),
    "LOGICAL_AND": ("1.11.0", _NONE),
    "LOGICAL_NOT": ("1.11.0", _NONE),
    "LOGICAL_OR": ("1.11.0", _NONE),
    "LOGISTIC": ("1.14.0 1.14.0 2.3.0", _8_16),
    "MAX_POOL_2D": ("1.5.0 1.14.0 2.3.0", _8_16),
    "MAXIMUM": ("1.14.0 1.14.0 2.3.0 2.3.0", _8_BROADCAST_16),
    "MEAN": ("1.6.0 1.14.0 2.4.0", _8_16),
    "MINIMUM": ("1.14.0 1.14.0 2.3.0 2.3.0", _8_BROADCAST_16),
    "MIRROR_PAD": ("1.13.1 2.3.0 2.12.0", _8_16),
    "MUL": (
        "1.5.0 1.14.0 1.15.0 2.3.0 2.6.0 2.11.0 2.13.0 2.23.0",
        {
            2: _IN_INT8,
            3: rescale_above_1,
            4: _IN_INT16,
            5: input_is(_T.INT64),
            6: input_is(_T.COMPLEX64),
            7: any_of(all_of(_IN_INT16, none_of(quantized)), _IN_UINT32),
            8: input_is(_T.FLOAT16),
        },
    ),
    "NEG": ("1.9.0", _NONE),
    "NOT_EQUAL": ("1.14.0 1.14.0 2.3.0 2.21.0", {**_8, 3: _IN_STRING, 4: _IN_INT16}),
    "ONE_HOT": ("1.11.0", _NONE),
    "PACK": ("1.11.0 1.14.0 2.3.0 2.13.0", {**_8_16, 4: _IN_UINT32}),
    "PAD": ("1.5.0 1.14.0 2.4.0 2.6.0 2.20.0", _PAD),
    "PADV2": ("1.9.0 1.14.0 2.4.0 2.6.0 2.20.0", _PAD),
    "POW": ("1.10.0", _NONE),
    "PRELU": ("1.8.0", _NONE),
    "QUANTIZE": (
        "1.14.0 1.15.0 2.7.0 2.21.0 2.21.0",
        {
            2: output_is(_T.INT16),
            3: per_channel_output,
            4: either_is(_T.INT4),
            5: either_is(_T.UINT4),
        },
    ),
    "REDUCE_ALL": ("2.6.0", _NONE),
    "REDUCE_ANY": ("1.11.0", _NONE),
    "REDUCE_MAX": ("1.11.0 1.14.0 2.5.0", _8_16),
    "REDUCE_MIN": ("1.11.0 1.14.0 2.5.0", _8_16),
    "REDUCE_PROD": ("1.11.0 2.6.0", _8_OR_16),
    "RELU": ("1.5.0 2.1.0 2.5.0", {**_8_OR_U8, 3: _IN_INT16}),
    "RELU6": ("1.5.0 1.14.0 2.5.0", _8_16),
    "RELU_0_TO_1": ("2.10.0", _NONE),
    "RELU_N1_TO_1": ("1.5.0", _NONE),
    "RESHAPE": ("1.5.0", _NONE),
    "RESIZE_BILINEAR": (
        "1.7.0 1.14.0 2.2.0 2.5.0",
        {**_8, 3: option("halfPixelCenters"), 4: _IN_INT16},
    ),
    "RESIZE_NEAREST_NEIGHBOR": (
        "1.13.1 1.14.0 2.3.0 2.4.0",
        {**_8, 3: option("halfPixelCenters", "alignCorners"), 4: _IN_INT16},
    ),
    "RIGHT_SHIFT": ("2.13.0", _NONE),
    "ROUND": ("1.14.0", _NONE),
    "RSQRT": ("1.10.0 2.5.0 2.15.0", _8_16),
    "SCATTER_ND": ("2.1.0", _NONE),
    "SELECT_V2": ("2.2.0 2.12.0", {2: _IN_UINT32}),
    "SIGN": ("2.11.0 2.12.0", {2: input_is(_T.INT32)}),
    "SIN": ("1.9.0", _NONE),
    "SLICE": (
        "1.14.0 1.14.0 1.14.0 2.4.0 2.5.0 2.14.0 2.21.0",
        {
            2: _IN_INT8,
            3: input_is(_T.STRING),
            4: _IN_INT16,
            5: rank_above(4),
            6: _IN_UINT32,
            7: input_is(_T.INT4),
        },
    ),
    "SOFTMAX": ("1.5.0 1.14.0 2.3.0", _8_16),
    "SPACE_TO_DEPTH": ("1.5.0 1.14.0", _8),
    "SPLIT": (
        "1.5.0 1.14.0 1.14.0 2.3.0",
        {2: input_is(_T.INT8, at=1), 3: input_is(_T.INT32, at=1), 4: input_is(_T.INT16, at=1)},
    ),
    "SPLIT_V": ("1.13.1 2.3.0", _8),
    "SQRT": ("1.10.0 2.21.0", _8_OR_16),
    "SQUARE": ("1.12.0", _NONE),
    "SQUARED_DIFFERENCE": ("1.13.1 2.5.0", _8),
    "SQUEEZE": ("1.6.0 2.5.0", {2: input_is(_T.STRING)}),
    "STRIDED_SLICE": (
        "1.6.0 1.14.0 2.1.0 2.2.0 2.5.0 2.6.0 2.14.0 2.14.0",
        {
            2: _IN_INT8,
            3: _IN_BOOL,
            4: rank_above(4),
            5: input_is(_T.STRING),
            6: option("ellipsisMask", "newAxisMask"),
            7: _IN_UINT32,
            8: option("offset"),
        },
    ),
    "SUB": (
        "1.6.0 1.14.0 2.3.0 2.4.0 2.4.0",
        {
            2: _IN_INT8,
            3: broadcast_above_rank_4,
            4: input_is(_T.INT64),
            5: all_of(_IN_INT16, free_scales),
        },
    ),
    "SUM": ("1.10.0 1.15.0", _8),
    "TANH": ("1.14.0 1.14.0 2.3.0", _8_16),
    "TILE": ("1.10.1 2.2.0 2.8.0", {2: input_is(_T.STRING), 3: _IN_INT8}),
    "TOPK_V2": (
        "1.7.0 1.14.0 2.13.0",
        {**_8, 3: any_of(_IN_INT16, input_is(_T.INT16, at=1))},
    ),
    "TRANSPOSE": (
        "1.6.0 1.14.0 1.15.0 2.3.0 2.4.0 2.12.0 2.14.4 2.22.0",
        {
            2: _IN_INT8,
            3: _IN_BOOL,
            4: rank_above(4),
            5: _IN_INT16,
            6: rank_above(5),
            7: input_is(_T.INT4),
            8: any_of(rank_above(6), input_is(_T.BFLOAT16)),
        },
    ),
    "TRANSPOSE_CONV": (
        "1.9.0 2.2.0 2.3.0 2.13.0 2.15.0",
        {
            2: input_is(_T.INT8, at=1),
            3: any_of(has_input(3), output_is(_T.INT16)),
            4: option("fusedActivationFunction"),
            5: bias_type_chosen(3),
        },
    ),
    "UNPACK": (
        "1.11.0 1.14.0 2.2.0 2.3.0 2.22.0",
        {**_8_OR_U8, 3: _IN_BOOL, 4: _IN_INT16, 5: input_is(_T.FLOAT16, _T.BFLOAT16)},
    ),
}
