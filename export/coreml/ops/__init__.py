"""One function per ONNX operator, in files by kind; importing them fills the table."""

from _edgeship.export.coreml.ops import (
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
from _edgeship.export.coreml.ops.registry import LOWERINGS

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
