"""One function per ONNX operator, in files by kind; importing them fills the table."""

from _edgeship.export.coreai.ops import (
    activation,
    bits,
    conv,
    dense,
    elementwise,
    gather,
    logic,
    ordering,
    pool,
    quantization,
    reduce,
    resize,
    scatter,
    shape,
    slicing,
)
from _edgeship.export.coreai.ops.registry import LOWERINGS

__all__ = [
    "LOWERINGS",
    "activation",
    "bits",
    "conv",
    "dense",
    "elementwise",
    "gather",
    "logic",
    "ordering",
    "pool",
    "quantization",
    "reduce",
    "resize",
    "scatter",
    "shape",
    "slicing",
]
