"""The constants of a package: weights, packed or not, and what else is stored in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.coreml.evaluator.mil.program import MilProgram

#: Smaller ones are parameters of operators, such as strides.
_LEAST_ELEMENTS = 2


def constants(program: MilProgram) -> dict[str, NDArray[Any]]:
    """Return name -> values as they are stored; of packed weights, each of their pieces."""
    found = {}
    for operation in program.operations:
        for name, value in [*operation.attributes.items(), *operation.inputs.items()]:
            if isinstance(value, np.ndarray) and value.size >= _LEAST_ELEMENTS:
                found[f"{operation.outputs[0].name}.{name}"] = value
    return found
