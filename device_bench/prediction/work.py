"""What an operator has to do, as far as its time depends on it: its kind, mult-adds and bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from _edgeship.export.advice.steps import Convolution, Kind, Step

# What ONNX calls the operators of a TFLite file, where both mean the same work.
_TFLITE_NAMES = {
    "Add": "ADD",
    "AveragePool": "AVERAGE_POOL_2D",
    "Clip": "RELU6",
    "Concat": "CONCATENATION",
    "Div": "DIV",
    "Elu": "ELU",
    "Gelu": "GELU",
    "Gemm": "FULLY_CONNECTED",
    "GlobalAveragePool": "MEAN",
    "HardSwish": "HARD_SWISH",
    "LeakyRelu": "LEAKY_RELU",
    "MatMul": "BATCH_MATMUL",
    "MaxPool": "MAX_POOL_2D",
    "Mul": "MUL",
    "PRelu": "PRELU",
    "Pad": "PAD",
    "ReduceMean": "MEAN",
    "Relu": "RELU",
    "Sigmoid": "LOGISTIC",
    "Slice": "STRIDED_SLICE",
    "Split": "SPLIT",
    "Sub": "SUB",
    "Sum": "ADD",
    "Tanh": "TANH",
    "Transpose": "TRANSPOSE",
}

_BYTES = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "float16": 2, "int64": 8, "float64": 8}


@dataclass(frozen=True)
class Work:
    """What one operator has to do.

    Attributes:
        name: Name of its step, for people.
        kind: Which operators share a rule: "conv 1x1", "depthwise 3x3", "ADD".
        dtype: Type of its data, "float32" or "int8".
        family: The step's kind: what stands in for a kind that was never measured.
        mult_adds: Multiply-accumulates.
        bytes: What it reads and writes, each value once, weights included.
        outputs: Number of values that it computes.
        rows: Places of its result; the channels of each lie together in memory.
        channels_in: Channels that each output sees; 0 for all but layers.
        channels_out: Channels of a group that are computed together; 0 for all but layers.
    """

    name: str
    kind: str
    dtype: str
    family: Kind
    mult_adds: int
    bytes: int
    outputs: int = 1
    rows: int = 1
    channels_in: int = 0
    channels_out: int = 0

    def padded(self, tile_in: int, tile_out: int, finish: int) -> float:
        """Return the mult-adds of kernels that compute whole tiles of channels.

        Args:
            tile_in: Channels read at a time; 1 for a kernel that wastes none.
            tile_out: Channels written at a time.
            finish: How many mult-adds it is worth to begin, round and store a value.
        """
        waste_in = _waste(self.channels_in, tile_in)
        waste_out = _waste(self.channels_out, tile_out)
        return waste_out * (self.mult_adds * waste_in + finish * self.outputs)


def work_of(step: Step) -> Work:
    """Return what a step has to do."""
    there = step.convolution
    channels = (0, 0)
    if there is not None:
        channels = (there.in_channels // there.groups, there.out_channels // there.groups)
        if there.depthwise:
            channels = (1, there.out_channels)
    return Work(
        name=step.name,
        kind=_TFLITE_NAMES.get(step.op, step.op) if there is None else _convolution_kind(there),
        dtype=step.dtype,
        family=step.kind,
        mult_adds=step.mult_adds,
        bytes=step.memory_access * _BYTES.get(step.dtype.partition(",")[0], 4),
        outputs=step.written,
        rows=step.rows,
        channels_in=channels[0],
        channels_out=channels[1],
    )


def _convolution_kind(there: Convolution) -> str:
    """Return which rule a convolution follows; kernels of XNNPACK differ in just these."""
    if there.transposed:
        return "transposed conv"
    if there.depthwise:
        return f"depthwise {'x'.join(map(str, there.kernel))}"
    words = "conv" if there.groups == 1 else "grouped conv"
    if math.prod(there.kernel) > 1:
        return words
    # One place is a matrix times a vector: each weight is used once.
    return f"{words} 1x1" if there.places_out > 1 else f"{words} 1x1 of one place"


def _waste(channels: int, tile: int) -> float:
    """Return by which factor channels grow that are computed in tiles."""
    return math.ceil(channels / tile) * tile / channels if channels else 1.0
