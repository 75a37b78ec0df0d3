"""One function per ONNX operator, in files by kind; importing them fills the table."""

from _edgeship.export.coreai.ops import (
    activation,
    conv,
    dense,
    elementwise,
    pool,
    reduce,
    shape,
    slicing,
)
from _edgeship.export.coreai.ops.registry import LOWERINGS

__all__ = [
    "LOWERINGS",
    "activation",
    "conv",
    "dense",
    "elementwise",
    "pool",
    "reduce",
    "shape",
    "slicing",
]
