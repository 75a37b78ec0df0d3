"""The expected versions are those of TensorFlow's op_version_test.cc, unless a line says otherwise.

The expected releases are those of its runtime_version.cc.
"""

from __future__ import annotations

from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.versions import set_lowest_versions
from tests.export.tflite.schema_models import one_operator, tensor

_T = schema.TensorType
F32, F16, I4, I8, U8, I16 = _T.FLOAT32, _T.FLOAT16, _T.INT4, _T.INT8, _T.UINT8, _T.INT16
I32, I64, U32, BOOL = _T.INT32, _T.INT64, _T.UINT32, _T.BOOL


def chosen(model: schema.ModelT) -> tuple[int, str]:
    runtime = set_lowest_versions(model)
    (code,) = model.operatorCodes
    return code.version, runtime


# Operators whose version follows from the type of all their tensors: type, version, release.
# Some have no rule in op_version.cc, which then gives version 1. SIGN has none there either; the
# release of its version 2 is that of int32.
BY_TYPE = """
PACK: INT8 2 1.14.0, INT16 3 2.3.0, UINT32 4 2.13.0, INT32 1 1.11.0
UNPACK: INT8 2 1.14.0, UINT8 2 1.14.0, INT32 1 1.11.0
RELU: INT16 3 2.5.0, INT8 2 2.1.0, UINT8 2 2.1.0, INT32 1 1.5.0
RELU6: INT16 3 2.5.0, INT8 2 1.14.0, UINT8 1 1.5.0
TANH: INT8 2 1.14.0, UINT8 1 1.14.0
SPACE_TO_DEPTH: INT8 2 1.14.0, UINT8 1 1.5.0
L2_NORMALIZATION: INT8 2 1.14.0, UINT8 1 1.5.0
MEAN: INT16 3 2.4.0, INT8 2 1.14.0, UINT8 1 1.6.0
SUM: INT8 2 1.15.0, UINT8 1 1.10.0
REDUCE_MAX: INT16 3 2.5.0
REDUCE_MIN: INT8 2 1.14.0
MIRROR_PAD: INT16 3 2.12.0, INT8 2 2.3.0
PAD: INT8 2 1.14.0
PADV2: UINT8 1 1.9.0
CONCATENATION: FLOAT32 1 1.5.0, INT8 2 1.14.0, INT16 3 2.3.0, UINT32 4 2.14.0
TILE: INT32 1 1.10.1, STRING 2 2.2.0
RSQRT: FLOAT32 1 1.10.0, INT8 2 2.5.0, INT16 3 2.15.0
BROADCAST_TO: FLOAT32 2 2.5.0, INT16 3 2.5.0
GELU: FLOAT32 1 2.9.0, UINT8 2 2.9.0
EXP: FLOAT32 1 1.7.0, INT16 2 2.12.0
LOG: INT8 2 2.15.0
SQRT: INT16 2 2.21.0
SQUARED_DIFFERENCE: INT8 2 2.5.0
SLICE: INT16 4 2.4.0, STRING 3 1.14.0, UINT32 6 2.14.0
TRANSPOSE: INT16 5 2.4.0, BOOL 3 1.15.0, INT8 2 1.14.0, UINT8 1 1.6.0
DEQUANTIZE: INT16 3 1.15.0, FLOAT16 3 1.15.0, INT8 2 1.14.0
ABS: FLOAT32 1 1.13.0, INT8 2 2.4.0, INT16 4 2.6.0, INT32 5 2.12.0
MUL: COMPLEX64 6 2.11.0, INT64 5 2.6.0, INT16 7 2.13.0
SUB: INT64 4 2.4.0
ADD: UINT8 1 1.5.0, INT8 2 1.14.0
RESHAPE: INT8 1 1.5.0
PRELU: INT8 1 1.8.0
HARD_SWISH: INT8 1 1.15.0
ARG_MIN: FLOAT32 1 1.9.0, INT8 2 1.14.0, BOOL 3 2.9.0
EQUAL: FLOAT32 1 1.14.0, INT8 2 1.14.0, STRING 3 2.3.0, INT16 5 2.21.0
NOT_EQUAL: FLOAT32 1 1.14.0, INT8 2 1.14.0, INT16 4 2.21.0
LESS: INT8 2 1.14.0, INT16 3 2.13.0
GREATER_EQUAL: INT8 2 1.14.0, INT16 3 2.13.0
GREATER: INT8 2 1.14.0
LESS_EQUAL: INT8 2 1.14.0
FLOOR_MOD: INT32 1 1.13.0, INT8 2 2.13.0, INT16 2 2.13.0
GATHER_ND: FLOAT32 1 1.14.0, BOOL 5 2.16.0
LOG_SOFTMAX: FLOAT32 1 1.14.0, INT8 2 1.14.0
REDUCE_PROD: FLOAT32 1 1.11.0, INT8 2 2.6.0
TOPK_V2: FLOAT32 1 1.7.0, INT8 2 1.14.0, INT16 3 2.13.0
SIGN: FLOAT32 1 2.11.0, INT32 2 2.12.0
SCATTER_ND: FLOAT32 1 2.1.0
CUMSUM: INT32 1 2.4.0
ONE_HOT: INT32 1 1.11.0
BITWISE_XOR: INT32 1 2.13.0
RIGHT_SHIFT: INT32 1 2.13.0
BITCAST: INT32 1 2.13.0
"""


def by_type() -> list[tuple[str, str, int, str]]:
    found = []
    for line in BY_TYPE.strip().splitlines():
        name, cases = line.split(": ")
        for case in cases.split(", "):
            dtype, version, runtime = case.split()
            found.append((name, dtype, int(version), runtime))
    return found


@pytest.mark.parametrize(("name", "dtype", "version", "runtime"), by_type())
def test_version_by_type(name: str, dtype: str, version: int, runtime: str) -> None:
    tensors = [tensor(getattr(schema.TensorType, dtype)) for _ in range(3)]

    assert chosen(one_operator(name, tensors[:2], tensors[2])) == (version, runtime)


@pytest.mark.parametrize(
    ("name", "source", "target", "version"),
    [
        ("QUANTIZE", F32, I8, 1),
        ("QUANTIZE", F32, I16, 2),
        ("CAST", I4, F32, 6),
        ("CAST", F16, I32, 5),
        ("CAST", I32, F16, 5),
        ("CAST", I8, I32, 3),
        ("CAST", I32, I8, 3),
        ("CAST", U32, I32, 2),
        ("CAST", I32, I32, 1),
    ],
)
def test_version_by_both_types(name: str, source: int, target: int, version: int) -> None:
    assert chosen(one_operator(name, [tensor(source)], tensor(target)))[0] == version


@pytest.mark.parametrize(
    ("name", "dtype", "ranks", "version"),
    [
        ("MAXIMUM", I8, (4, 5), 3),
        ("MAXIMUM", I8, (5, 5), 2),
        ("MINIMUM", U8, (4, 5), 3),
        ("MINIMUM", U8, (4, 4), 1),
        ("DIV", F32, (5, 4), 2),
        ("DIV", F32, (5, 5), 1),
        ("SUB", I8, (4, 5), 3),
        ("SLICE", I16, (5, 5), 5),
        ("TRANSPOSE", BOOL, (5, 5), 4),
        ("STRIDED_SLICE", I8, (5, 5), 4),
        ("STRIDED_SLICE", I8, (4, 4), 2),
    ],
)
def test_version_by_rank(name: str, dtype: int, ranks: tuple[int, int], version: int) -> None:
    first, second = (tensor(dtype, (4,) * rank) for rank in ranks)

    assert chosen(one_operator(name, [first, second], tensor(dtype)))[0] == version


HALF_PIXEL = {"halfPixelCenters": True}
ALIGNED = {"alignCorners": True}


@pytest.mark.parametrize(
    ("name", "options", "fields", "dtype", "version"),
    [
        ("STRIDED_SLICE", "StridedSliceOptionsT", {"newAxisMask": 2}, I8, 6),
        ("STRIDED_SLICE", "StridedSliceOptionsT", {"offset": True}, U32, 8),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", {}, F32, 1),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", ALIGNED, F32, 1),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", HALF_PIXEL, F32, 3),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", HALF_PIXEL, I8, 3),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", {}, I8, 2),
        ("RESIZE_BILINEAR", "ResizeBilinearOptionsT", {}, I16, 4),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptionsT", ALIGNED, F32, 3),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptionsT", HALF_PIXEL, F32, 3),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptionsT", {}, I8, 2),
        ("SUB", "SubOptionsT", {"potScaleInt16": False}, I16, 5),
        ("ADD", "AddOptionsT", {"potScaleInt16": False}, I16, 5),
    ],
)
def test_version_by_option(
    name: str, options: str, fields: dict[str, Any], dtype: int, version: int
) -> None:
    table = getattr(schema, options)(**fields)

    assert chosen(one_operator(name, [tensor(dtype)] * 2, tensor(dtype), table))[0] == version


@pytest.mark.parametrize(
    ("promised", "scale", "version", "runtime"),
    [
        (False, 0.5, 3, "2.4.0"),
        (True, 0.5, 1, "1.5.0"),
        (True, 0.3, 3, "2.4.0"),  # op_version.cc believes the option
    ],
)
def test_int16_addition_by_its_scales(
    promised: bool, scale: float, version: int, runtime: str
) -> None:
    operands = [tensor(I16, scales=scale) for _ in range(3)]
    options = schema.AddOptionsT(potScaleInt16=promised)

    assert chosen(one_operator("ADD", operands[:2], operands[2], options)) == (version, runtime)


@pytest.mark.parametrize(("rescale", "version"), [(0.5, 2), (2.0, 3)])
def test_multiplication_by_its_rescale(rescale: float, version: int) -> None:
    operands = [tensor(I8, scales=1.0), tensor(I8, scales=1.0)]

    assert chosen(one_operator("MUL", operands, tensor(I8, scales=1 / rescale)))[0] == version


def test_split_goes_by_the_tensor_not_by_the_axis() -> None:
    assert chosen(one_operator("SPLIT", [tensor(I32, ()), tensor(I8)], tensor(I8)))[0] == 2


def test_per_channel_dequantize() -> None:
    assert chosen(one_operator("DEQUANTIZE", [tensor(I8, scales=4)], tensor(F32)))[0] == 5


KERNELS = [
    # name, activation, weight, weight scales, inputs, options, version, runtime
    ("CONV_2D", F32, F32, 0, 3, {}, 1, "1.5.0"),
    ("CONV_2D", U8, U8, 1, 3, {}, 1, "1.5.0"),
    ("CONV_2D", I8, I8, 4, 3, {}, 3, "1.14.0"),
    ("CONV_2D", F32, I8, 1, 3, {}, 2, "1.14.0"),
    ("CONV_2D", F32, I8, 4, 3, {}, 5, "2.4.0"),
    ("CONV_2D", I16, I8, 4, 3, {"quantizedBiasType": I32}, 8, "2.15.0"),
    # op_version.cc has no rule that fires for the int64 bias; version 4 added int16.
    ("CONV_2D", I16, I8, 4, 3, {}, 4, "2.3.0"),
    ("DEPTHWISE_CONV_2D", F32, I8, 1, 3, {}, 4, "2.2.0"),
    ("DEPTHWISE_CONV_2D", F32, I8, 4, 3, {}, 6, "2.3.0"),
    ("DEPTHWISE_CONV_2D", I8, I8, 4, 3, {}, 3, "1.14.0"),
    (
        "DEPTHWISE_CONV_2D",
        F32,
        F32,
        0,
        3,
        {"dilationWFactor": 2, "dilationHFactor": 2},
        2,
        "1.12.0",
    ),
    ("DEPTHWISE_CONV_2D", F32, F32, 0, 3, {}, 1, "1.5.0"),
    ("DEPTHWISE_CONV_2D", I16, I8, 4, 3, {}, 5, "2.3.0"),  # as for CONV_2D
    ("FULLY_CONNECTED", U8, U8, 1, 2, {"weightsFormat": 1}, 6, "2.1.0"),
    ("FULLY_CONNECTED", F32, I8, 1, 3, {}, 3, "1.14.0"),
    ("FULLY_CONNECTED", F32, I8, 1, 3, {"asymmetricQuantizeInputs": True}, 9, "2.3.0"),
    ("FULLY_CONNECTED", F32, I8, 1, 2, {"asymmetricQuantizeInputs": True}, 9, "2.3.0"),  # not 6
    ("FULLY_CONNECTED", F32, I8, 4, 2, {}, 12, "2.17.0"),
    ("FULLY_CONNECTED", I16, I8, 4, 2, {"quantizedBiasType": I32}, 11, "2.15.0"),
    ("FULLY_CONNECTED", I16, I8, 4, 3, {}, 7, "2.3.0"),  # as for CONV_2D
    ("FULLY_CONNECTED", I8, I8, 1, 3, {}, 4, "1.14.0"),
    ("FULLY_CONNECTED", I8, I8, 1, 3, {"keepNumDims": True}, 5, "2.0.0"),
    ("FULLY_CONNECTED", F32, F32, 0, 3, {}, 1, "1.5.0"),
    ("BATCH_MATMUL", F32, F32, 0, 2, {}, 1, "2.3.0"),
    ("BATCH_MATMUL", I8, I8, 1, 2, {}, 2, "2.3.0"),
    ("BATCH_MATMUL", I16, I8, 1, 2, {}, 3, "2.4.0"),
    ("BATCH_MATMUL", F32, I8, 1, 2, {}, 1, "2.3.0"),
    ("BATCH_MATMUL", F32, I8, 1, 2, {"asymmetricQuantizeInputs": True}, 4, "2.5.0"),
]
OPTIONS = {
    "CONV_2D": schema.Conv2DOptionsT,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptionsT,
    "FULLY_CONNECTED": schema.FullyConnectedOptionsT,
    "BATCH_MATMUL": schema.BatchMatMulOptionsT,
}


@pytest.mark.parametrize("case", KERNELS, ids=lambda case: f"{case[0]}-{case[6]}")
def test_version_of_operators_with_weights(case: tuple[Any, ...]) -> None:
    name, activation, weight, scales, count, fields, version, runtime = case
    bias = {F32: F32, I16: I64}.get(activation, I32)
    inputs = [tensor(activation), tensor(weight, (4, 3, 3, 4), scales), tensor(bias, (4,))]
    model = one_operator(name, inputs[:count], tensor(activation), OPTIONS[name](**fields))

    assert chosen(model) == (version, runtime)


def test_grouped_convolution() -> None:
    inputs = [tensor(F32), tensor(F32, (4, 3, 3, 2)), tensor(F32, (4,))]

    assert chosen(one_operator("CONV_2D", inputs, tensor(F32))) == (6, "2.9.0")


@pytest.mark.parametrize(
    ("inputs", "activation", "output", "version"),
    [
        ([I32, U8, U8], 0, U8, 1),
        ([I32, I8, I8], 0, I8, 2),
        ([I32, I8, I8, I32], 0, I8, 3),
        ([I32, I8, I8, None], 0, I8, 2),
        ([I32, I8, I8, None], 1, I8, 4),
        # op_version.cc looks for the int16 activations at input 0, the output's shape.
        ([I32, I8, I16, I32], 0, I16, 5),
    ],
)
def test_transposed_convolution(
    inputs: list[int | None], activation: int, output: int, version: int
) -> None:
    tensors = [None if dtype is None else tensor(dtype) for dtype in inputs]
    options = schema.TransposeConvOptionsT(fusedActivationFunction=activation)

    assert chosen(one_operator("TRANSPOSE_CONV", tensors, tensor(output), options))[0] == version
