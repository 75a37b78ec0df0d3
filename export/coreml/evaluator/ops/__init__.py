"""One function per MIL operator, grouped in files by kind; importing fills the table."""

from _edgeship.export.coreml.evaluator.ops import (
    activation,
    blocks,
    constants,
    conv,
    elementwise,
    gather,
    linear,
    normalization,
    ordering,
    pool,
    quantization,
    reduction,
    repeat,
    resize,
    shape,
    slicing,
)
from _edgeship.export.coreml.evaluator.ops.registry import COMPUTATIONS

__all__ = [
    "COMPUTATIONS",
    "activation",
    "blocks",
    "constants",
    "conv",
    "elementwise",
    "gather",
    "linear",
    "normalization",
    "ordering",
    "pool",
    "quantization",
    "reduction",
    "repeat",
    "resize",
    "shape",
    "slicing",
]
