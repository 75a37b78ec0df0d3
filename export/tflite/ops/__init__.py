"""One function per ONNX operator, grouped in files by kind; importing fills the table."""

from _edgeship.export.tflite.ops import (
    activation,
    cast,
    conv,
    dense,
    depth_space,
    elementwise,
    gather,
    normalization,
    pool,
    reduce,
    repeat,
    resize,
    shape,
    slicing,
    transposed_conv,
)
from _edgeship.export.tflite.ops.registry import LOWERINGS

__all__ = [
    "LOWERINGS",
    "activation",
    "cast",
    "conv",
    "dense",
    "depth_space",
    "elementwise",
    "gather",
    "normalization",
    "pool",
    "reduce",
    "repeat",
    "resize",
    "shape",
    "slicing",
    "transposed_conv",
]
