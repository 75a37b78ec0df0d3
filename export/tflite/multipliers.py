"""What products of a file's integers are multiplied by to be steps of the results."""

from __future__ import annotations

import numpy as np

from _edgeship.export.tflite.objects import kind_of
from _edgeship.export.tflite.weight_bounds import WEIGHTED
from _edgeship.export.tflite.writer import from_bytes

#: A product of one step by one step must be less than so many steps of the result. Of a file with
#: 2e6 LiteRT ends the process; with 256, every product but 0 is cut off.
MOST_MULTIPLIER = 2.0**16


def largest_multiplier(data: bytes) -> float:
    """Return the largest multiplier of the convolutions and products of a file; 0.0 without any.

    Args:
        data: The whole file.
    """
    model = from_bytes(data)
    tensors = model.subgraphs[0].tensors
    largest = 0.0
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is None:
            continue
        kinds = [
            tensors[k] for k in (op.inputs[layout.source], op.inputs[layout.weight], op.outputs[0])
        ]
        given = [None if one.quantization is None else one.quantization.scale for one in kinds]
        if any(scale is None or not len(scale) for scale in given):
            continue
        fed, weights, result = (np.asarray(scale, np.float64) for scale in given)
        largest = max(largest, float(fed.max() * weights.max() / result.min()))
    return largest
