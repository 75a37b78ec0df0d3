"""The constants of a package: weights, packed or not, and what else is stored in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.coreml.evaluator.mil.program import MilProgram
from _edgeship.export.coreml.wiring import Wiring

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


def scales(program: MilProgram) -> dict[str, tuple[float, int]]:
    """Return name of what an operator `quantize` computes -> its scale and zero point."""
    wiring = Wiring(program)
    found = {}
    for operation in program.operations:
        if operation.kind == "quantize":
            scale, zero = (wiring.array(operation, name) for name in ("scale", "zero_point"))
            if scale is not None and scale.size == 1:
                point = 0 if zero is None else int(zero.item())
                found[operation.outputs[0].name] = float(scale.item()), point
    return found
