"""A written file whose input takes bytes: uint8, by a scale and a zero point.

In a file of integers the input's QUANTIZE then only renumbers bytes as int8, and nothing is
rounded; elsewhere DEQUANTIZE turns bytes into numbers, which XNNPACK and the GPU accelerator take.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.errors import VerificationError
from _edgeship.export.contract.manifest import AXES, AXES_LAST
from _edgeship.export.tflite.byte_scale import ByteScale
from _edgeship.export.tflite.objects import builtin, kind_of, name_of
from _edgeship.export.tflite.writer import from_bytes, set_metadata, to_bytes

#: Metadata that says that the input takes the bytes of a picture: its colours and its axes.
PICTURE = "edgeship_picture"

#: How far the scale of a file may be from the wanted one: that of float32.
_SAME = 1e-6


def picture_colors(channels: int) -> str:
    """Return what the channels of a picture are, in their order."""
    return "GRAYSCALE" if channels == 1 else "RGB"


def range_of_bytes(scale: ByteScale) -> tuple[float, float]:
    """Return the smallest and the largest number that a byte can become."""
    low, high = scale.centred(np.array([0, 255], np.uint8)).tolist()
    return low, high


def take_bytes(data: bytes, scale: ByteScale, channels_last: bool) -> bytes:
    """Return a file whose only float or quantized input takes bytes.

    Args:
        data: A file whose input takes `ByteScale.centred`, as float32 or quantized.
        scale: How bytes become that.
        channels_last: Whether the colours are the last axis of the input.

    Raises:
        VerificationError: The input is quantized in another way, which would round the bytes.
    """
    model = from_bytes(data)
    graph = model.subgraphs[0]
    [index] = graph.inputs
    old = graph.tensors[index]
    if old.type == schema.TensorType.UINT8:
        _demand_same(old, scale, 0)
    else:
        _put_in_front(model, int(index), scale)
    axes = (AXES_LAST if channels_last else AXES)[len(old.shape)]
    set_metadata(model, PICTURE, f"{picture_colors(len(scale.factor))} {axes}".encode())
    return to_bytes(model)


def _put_in_front(model: Any, index: int, scale: ByteScale) -> None:
    """Make a new input of uint8, and the old one what an operator makes of it."""
    graph = model.subgraphs[0]
    old = graph.tensors[index]
    port = schema.TensorT()
    port.name, port.shape, port.shapeSignature = old.name, old.shape, old.shapeSignature
    old.name = f"{name_of(old)}_centred"
    port.type, port.buffer = schema.TensorType.UINT8, 0
    port.quantization = schema.QuantizationParametersT()
    port.quantization.scale = np.array([scale.scale], np.float32)
    port.quantization.zeroPoint = np.array([scale.zero_point], np.int64)
    new = len(graph.tensors)
    graph.tensors.append(port)
    graph.inputs = np.array([new], np.int32)
    for signature in model.signatureDefs or []:
        for one in signature.inputs:
            one.tensorIndex = new if one.tensorIndex == index else one.tensorIndex
    if old.type == schema.TensorType.INT8:
        _demand_same(old, scale, -128)
        graph.operators.insert(0, _operator(model, "QUANTIZE", new, index))
        return
    still_read = index in graph.outputs
    for op in graph.operators:
        reads = index in op.inputs
        if reads and kind_of(model, op) == schema.BuiltinOperator.QUANTIZE:
            result = graph.tensors[op.outputs[0]]
            if result.type == schema.TensorType.INT8:
                _demand_same(result, scale, -128)
                op.inputs = np.array([new], np.int32)
                continue
        still_read = still_read or reads
    if still_read:
        graph.operators.insert(0, _operator(model, "DEQUANTIZE", new, index))


def _demand_same(tensor: Any, scale: ByteScale, shift: int) -> None:
    """Check that a quantized tensor holds bytes, and nothing else, with none rounded."""
    grid = tensor.quantization
    found = float(grid.scale[0]), int(grid.zeroPoint[0])
    if abs(found[0] / scale.scale - 1) > _SAME or found[1] != scale.zero_point + shift:
        raise VerificationError(
            "The quantized file would round the bytes of pictures.",
            where="quantization",
            why=f"its input has scale {found[0]:.9g} and zero point {found[1]}, where "
            f"{scale.scale:.9g} and {scale.zero_point + shift} are needed",
            todo="report it, with --mean and --std",
        )


def _operator(model: Any, kind: str, source: int, result: int) -> Any:
    number = getattr(schema.BuiltinOperator, kind)
    known = [builtin(code) for code in model.operatorCodes]
    if number not in known:
        code = schema.OperatorCodeT()
        code.builtinCode = number
        model.operatorCodes.append(code)
        known.append(number)
    op = schema.OperatorT()
    op.opcodeIndex = known.index(number)
    op.inputs, op.outputs = np.array([source], np.int32), np.array([result], np.int32)
    return op
