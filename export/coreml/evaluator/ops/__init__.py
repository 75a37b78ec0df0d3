"""One function per MIL operator, grouped in files by kind; importing fills the table."""

from export.coreml.evaluator.ops.registry import COMPUTATIONS

__all__ = ["COMPUTATIONS"]
