"""Executes one operator, without a program around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Operation, Variable
from _edgeship.export.coreml.evaluator.ops import COMPUTATIONS
from _edgeship.export.coreml.evaluator.ops.registry import Call


def compute(kind: str, *, opset: int = 15, **arguments: Any) -> Any:
    """Return what the operator computes; Python's numbers become arrays as programs hold them."""
    stored = {name: _stored(value) for name, value in arguments.items()}
    operation = Operation(kind, {}, (Variable("y", "fp32", None),))
    return COMPUTATIONS[kind](Call(operation, stored, opset))


def _stored(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray | str):
        return value
    array = np.asarray(value)
    if isinstance(value, np.ndarray | np.generic):
        return array
    return array.astype({"i": np.int32, "f": np.float32, "b": np.bool_}[array.dtype.kind])
