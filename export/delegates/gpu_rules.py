"""What the GPU accelerator refuses, as rules: for machines on which it cannot be asked.

Each rule has the accelerator's own words and its source in LiteRT's repository:

- B: ``ml_drift_delegate/tflite/model_builder.cc``
- P: ``ml_drift_delegate/tflite/operation_parser.cc``
- G: ``tflite/tools/versioning/gpu_compatibility.cc``

"asked" says that the accelerator of ai-edge-litert 2.3.0 was found to do so, where that differs
from the source. The rules hold for one operator alone; that only one connected piece of a file runs
on the GPU is in `partitions`. The tests ask the accelerator about every operator that they can get
hold of, and demand the same verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from _edgeship.export.delegates import gpu_conditions as when
from _edgeship.export.delegates.gpu_types import COMPARING, LOGICAL, refused_operand
from _edgeship.export.delegates.operation import Operation

#: Elementwise operators of one input.
UNARY = {
    *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "LOG", "LOGICAL_NOT", "LOGISTIC"),
    *("NEG", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT", "SQUARE", "TANH"),
}

#: Elementwise operators of two inputs.
BINARY = {
    *("ADD", "ADD_N", "ATAN2", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "MUL"),
    *("POW", "RIGHT_SHIFT", "SQUARED_DIFFERENCE", "SUB"),
    *COMPARING,
    *LOGICAL - {"LOGICAL_NOT", "BITWISE_XOR"},
}

_REDUCING = {
    *("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ALL", "REDUCE_ANY"),
}
_RECTIFYING = {"RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU"}
_PADDING = {"PAD", "PADV2", "MIRROR_PAD"}
_POOLING = {"AVERAGE_POOL_2D", "MAX_POOL_2D"}
_RESIZING = {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"}
_CONVOLVING = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}

#: Operators that it has (B: NewOperationParser; asked: no RELU_0_TO_1, no BITWISE_XOR).
KNOWN = {
    *(UNARY | BINARY | _REDUCING | _RECTIFYING | _PADDING | _POOLING | _RESIZING | _CONVOLVING),
    *("ARG_MAX", "BATCH_MATMUL", "BITCAST", "CAST", "CONCATENATION", "CUMSUM", "DEPTH_TO_SPACE"),
    *("DEQUANTIZE", "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "FULLY_CONNECTED", "GATHER"),
    *("HARD_SWISH", "ONE_HOT", "PACK", "PRELU", "QUANTIZE", "RESHAPE", "REVERSE_V2", "SELECT"),
    *("SELECT_V2", "SLICE", "SOFTMAX", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "STRIDED_SLICE"),
    *("TILE", "TOPK_V2", "TRANSPOSE", "UNPACK"),
}

#: The newest version of an operator that it takes; of elementwise ones not named here, 2 (B).
_VERSIONS = {
    **dict.fromkeys(UNARY | BINARY, 2),
    **{"ABS": 5, "FLOOR_DIV": 3, "MAXIMUM": 4, "MINIMUM": 4, "MUL": 8, "ADD": 6, "GELU": 3},
    **{"CONCATENATION": 6, "CONV_2D": 6, "DEPTHWISE_CONV_2D": 6, "FULLY_CONNECTED": 14},
    **{"CUMSUM": 1, "DEQUANTIZE": 3, "ONE_HOT": 1, "PRELU": 1, "QUANTIZE": 2, "RESHAPE": 1},
    **{"SELECT": 1, "SELECT_V2": 1, "SLICE": 8, "SOFTMAX": 4, "SPACE_TO_DEPTH": 2, "TOPK_V2": 1},
    **{"STRIDED_SLICE": 2, "TRANSPOSE": 9, "TRANSPOSE_CONV": 3},
    **dict.fromkeys(_PADDING, 5),
    **dict.fromkeys(_POOLING | _RECTIFYING, 2),
    **dict.fromkeys(_RESIZING, 3),
}

#: Operators with one input that is no constant (B and G: required_runtime_inputs).
_ONE_COMPUTED = {
    *(UNARY | _REDUCING | _RECTIFYING | _PADDING | _POOLING | _RESIZING),
    *("ARG_MAX", "CAST", "DEPTH_TO_SPACE", "HARD_SWISH", "QUANTIZE", "RESHAPE", "REVERSE_V2"),
    *("SOFTMAX", "SPACE_TO_DEPTH", "SPLIT_V", "TILE", "TOPK_V2", "TRANSPOSE"),
}


@dataclass(frozen=True)
class Rule:
    """One reason to refuse an operator.

    Attributes:
        kinds: The operators that it is about; None for all.
        reason: What the accelerator says.
        refuses: Whether it holds for an operator.
        source: Where it is from.
    """

    kinds: Collection[str] | None
    reason: str
    refuses: Callable[[Operation], bool]
    source: str


RULES = (
    Rule(
        None,
        "Operation is not supported.",
        lambda op: op.kind not in KNOWN,
        "B: NewOperationParser",
    ),
    Rule(
        _VERSIONS,
        "Its version is newer than the accelerator.",
        lambda op: op.version > _VERSIONS[op.kind],
        "P: CheckMaxSupportedOpVersion",
    ),
    Rule(
        None,
        "Tensor dimensions must be less than 5.",
        lambda op: any(one.rank > 4 for one in (*op.read, *op.outputs)),
        "B: IsAllAllowedTensors",
    ),
    Rule(
        _ONE_COMPUTED,
        "Expected 1 runtime input tensor(s).",
        lambda op: op.computed != 1,
        "B and G: required_runtime_inputs",
    ),
    Rule(
        None,
        "Tensor type is not supported.",
        lambda op: refused_operand(op) is not None,
        "B: IsAllAllowedTensors",
    ),
    Rule(
        {"GATHER"},  # asked: elementwise operators of two constants are taken
        "Op can only handle 1 or 2 operand(s).",
        lambda op: op.computed == 0,
        "G: Gather",
    ),
    Rule(
        BINARY - {"MUL", "ADD", "ADD_N"},
        "No support of few identical inputs in the same operation.",
        when.same_twice,
        "B: ElementwiseOperationParser",
    ),
    Rule(
        BINARY,
        "Inputs dimensions sizes don't match, broadcasting isn't applicable.",
        when.not_broadcastable,
        "B: ElementwiseOperationParser",
    ),
    Rule(
        BINARY,
        "Can't parse inputs with const tensors.",
        when.unreadable_constant,
        "B: CanParseInputsWithConstTensor",
    ),
    Rule(
        _CONVOLVING | {"FULLY_CONNECTED"},
        "Expected 1 or 2 input tensor(s).",
        lambda op: op.computed > 2,
        "G: CheckConvoultionInputOutput, FullyConnected",
    ),
    Rule(
        {"CONV_2D"},
        "input must be a runtime tensor",
        lambda op: op.read[0].constant,
        "B: Conv2DOperationParser",
    ),
    Rule(
        {"DEPTHWISE_CONV_2D"},
        "output.c != input.c * depth_multiplier",
        when.uneven_depthwise,
        "G: CheckDepthwiseConvGpuDelegateCompatibility",
    ),
    Rule(
        {"BATCH_MATMUL"},
        "Not supported batched mat mul case",
        lambda op: (
            op.computed == 0
            or (op.computed == 1 and (not op.read[1].constant or op.read[1].rank < 2))
        ),
        "B: BatchedMatMulOperationParser",
    ),
    Rule(
        {"GATHER"},
        "Only support 1D indices",
        lambda op: op.read[1].rank != 1,
        "G: Gather",
    ),
    Rule(
        {"GATHER"},
        "Only accept INT32 indices",
        lambda op: op.read[1].dtype != "int32",
        "G: Gather",
    ),
    Rule(
        _REDUCING | {"REVERSE_V2", "CUMSUM", "ARG_MAX"},
        "It is only supported with constant axes.",
        lambda op: len(op.read) < 2 or not op.read[1].constant or op.read[1].dtype != "int32",
        "G: CheckAxesAreInt32Const",
    ),
    Rule(
        {"MIRROR_PAD"},
        "Only Reflective padding is supported for Mirror Pad operation.",
        lambda op: op.options.get("mode") != 0,
        "G: MirrorPad",
    ),
    Rule(
        _PADDING,
        "Invalid paddings tensor shape: expected 4x2 or 3x2",
        lambda op: op.read[1].shape not in ((3, 2), (4, 2)),
        "G: Pad",
    ),
    Rule(
        _PADDING,
        "Paddings must be constants of int32.",
        lambda op: not op.read[1].constant or op.read[1].dtype != "int32",
        "B: PadOperationParser",
    ),
    Rule(
        {"PADV2"},
        "Unsupported data type for float32 tensor",
        lambda op: op.read[2].dtype not in ("float32", "float16", "int4", "int8", "uint8", "int32"),
        "P: PreCheckCopyData",
    ),
    Rule(
        {"ONE_HOT"},
        "OneHot axis must be -1 or the last dimension.",
        lambda op: op.options.get("axis") not in (-1, op.read[0].rank),
        "asked",
    ),
    Rule(
        {"PRELU"},
        "Alpha shape does not match input shape.",
        when.other_slopes,
        "B: PReLUOperationParser",
    ),
    Rule(
        {"SELECT", "SELECT_V2"},
        "Cond must be float or bool type, if, else tensors must be either be same the shape as "
        "output or constant, scalar.",
        when.broadcast_choice,
        "B: SelectV2OperationParser",
    ),
    Rule(
        {"SLICE"},
        "Slicing starts count must be that of the input's dimensions.",
        when.unreadable_slice,
        "B: SliceOperationParser",
    ),
    Rule(
        {"SOFTMAX"},
        "Softmax.beta != 1 is not supported.",
        lambda op: op.options.get("beta") != 1,
        "B: SoftmaxOperationParser",
    ),
    Rule(
        {"DEPTH_TO_SPACE", "SPACE_TO_DEPTH"},
        "block_size = 1 is a no-op.",
        lambda op: op.options.get("blockSize", 0) < 2,
        "G: DepthToSpace, SpaceToDepth",
    ),
    Rule(
        {"STRIDED_SLICE"},
        "Slice does not support ellipsis_mask, new_axis_mask, shrink_axis_mask.",
        lambda op: any(
            op.options.get(mask) for mask in ("ellipsisMask", "newAxisMask", "shrinkAxisMask")
        ),
        "B: StridedSliceOperationParser",
    ),
    Rule(
        {"STRIDED_SLICE"},
        "STRIDED_SLICE input/params dimensions mismatch.",
        when.unreadable_strides,
        "B: StridedSliceOperationParser",
    ),
    Rule(
        {"STRIDED_SLICE"},
        "Reverse slices are not supported.",
        lambda op: any(step <= 0 for step in op.read[3].values or ()),
        "B: StridedSliceOperationParser",
    ),
    Rule(
        {"TRANSPOSE"},
        "Permutation for transpose is invalid.",
        lambda op: not op.read[1].constant or not 2 <= op.read[1].size <= 4,
        "B: TransposeOperationParser",
    ),
    Rule(
        {"DEQUANTIZE"},
        "Dequantize for Densify is not supported",
        lambda op: op.computed == 1 and op.read[0].scales != 1,
        "B: DequantizeOperationParser",
    ),
)


def refusal(operation: Operation) -> Rule | None:
    """Return the first rule by which the accelerator refuses an operator; None if it takes it."""
    for rule in RULES:
        if (rule.kinds is None or operation.kind in rule.kinds) and rule.refuses(operation):
            return rule
    return None
