"""One function per ONNX operator, grouped in files by kind; importing fills the table."""

from export.tflite.ops import (
    activation,
    conv,
    dense,
    elementwise,
    pool,
    reduce,
    resize,
    shape,
    slicing,
)
from export.tflite.ops.registry import LOWERINGS

__all__ = [
    "LOWERINGS",
    "activation",
    "conv",
    "dense",
    "elementwise",
    "pool",
    "reduce",
    "resize",
    "shape",
    "slicing",
]
