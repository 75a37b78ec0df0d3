"""The float file with its weights on the grid of 8 bits: the yardstick for quantized files.

How much noise a network makes of rounded weights depends on the network far more than on the
scheme. Running this file tells it apart from what else a quantized file does to the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.tflite.objects import constant, kind_of
from _edgeship.export.tflite.writer import from_bytes, to_bytes

_B = schema.BuiltinOperator

#: Operators that read weights, as input 1 -> the axis of the output channels.
CHANNEL_AXES: dict[int, int] = {
    _B.CONV_2D: 0,
    _B.DEPTHWISE_CONV_2D: 3,
    _B.FULLY_CONNECTED: 0,
    _B.TRANSPOSE_CONV: 0,
}
STEPS = 127


def round_weights(data: bytes) -> bytes:
    """Return the float32 file with weights rounded to 8 bits per channel, symmetrically."""
    model = from_bytes(data)
    for op in model.subgraphs[0].operators:
        axis = CHANNEL_AXES.get(kind_of(model, op))
        if axis is None:
            continue
        tensor = model.subgraphs[0].tensors[op.inputs[1]]
        weight = constant(model, tensor)
        if weight is not None:
            rounded = _rounded(weight, axis)
            model.buffers[tensor.buffer].data = np.frombuffer(rounded.tobytes(), np.uint8)
    return to_bytes(model)


def largest_magnitude(weight: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return the largest magnitude per channel, of the weight's rank."""
    others = tuple(other for other in range(weight.ndim) if other != axis)
    largest: NDArray[Any] = np.abs(weight).max(axis=others, keepdims=True)
    return largest


def _rounded(weight: NDArray[Any], axis: int) -> NDArray[Any]:
    step = largest_magnitude(weight, axis) / np.float32(STEPS)
    step[step == 0] = 1
    rounded: NDArray[Any] = (np.rint(weight / step) * step).astype(np.float32)
    return rounded
