"""One function per ONNX operator, grouped in files by kind; importing fills the table."""

from export.coreml.ops import activation, conv
from export.coreml.ops.registry import LOWERINGS

__all__ = ["LOWERINGS", "activation", "conv"]
