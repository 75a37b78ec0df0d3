"""Weights of a float file that were integers in a file quantized before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.preparation.weight_grid import GridWeight, on_grid
from _edgeship.export.tflite.objects import constant, kind_of, name_of
from _edgeship.export.tflite.weight_bounds import WEIGHTED


def grid_weights(model: Any, steps: NDArray[np.float32]) -> dict[str, GridWeight]:
    """Return the weights of a float file that were integers, by tensor name.

    Args:
        model: The file as the schema's ``ModelT``.
        steps: Scales that the weights may have.
    """
    tensors, found = model.subgraphs[0].tensors, {}
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        tensor = None if layout is None else tensors[op.inputs[layout.weight]]
        weight = None if tensor is None else constant(model, tensor)
        if layout is None or weight is None or weight.dtype != np.float32:
            continue
        if name_of(tensor) not in found:
            found[name_of(tensor)] = on_grid(weight, layout.axis, steps)
    return found
