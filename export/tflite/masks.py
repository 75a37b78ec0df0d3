"""Numbers far below all others that stand for "not at all" in front of a softmax.

Attention masks what it must not see with -1e9, the lowest number of a type, or minus infinity. A
range that reached so far would leave no steps for the others, and need not: a little below them,
e to the power of the difference is nothing already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Numbers from here on down are masks, where a softmax reads them.
_MASK = -1e4
#: How far below the others a mask is enough: e to the power of -10 is 5e-5.
_ENOUGH = 10.0

#: What may stand between a mask and its softmax.
_BETWEEN = {
    *(_B.ADD, _B.CONCATENATION, _B.MAXIMUM, _B.MINIMUM, _B.RESHAPE, _B.SELECT_V2, _B.SLICE),
    *(_B.SPLIT, _B.STRIDED_SLICE, _B.TRANSPOSE),
}


def masked(model: Any) -> set[int]:
    """Return the tensors that a softmax reads, and what leads to them without a computation.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    found: set[int] = set()
    for op in reversed(model.subgraphs[0].operators):
        kind = kind_of(model, op)
        if kind == _B.SOFTMAX:
            found.add(int(op.inputs[0]))
        elif kind in _BETWEEN and not found.isdisjoint(int(i) for i in op.outputs):
            found.update(int(i) for i in op.inputs)
    return found


def without_masks(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values with those that mask brought near to the others."""
    masks = values <= _MASK
    if not masks.any() or masks.all():
        return values
    others = values[~masks]
    # A mask by itself, zeros and -1e9, is added to numbers of any range.
    below = _ENOUGH if others.min() < others.max() else 4 * _ENOUGH
    return np.append(others, others.min() - below)


def soften_masks(model: Any, ranges: Ranges) -> None:
    """Let constants that are added in front of a softmax mask no more than is needed, in place.

    Integer kernels cannot hold a mask of -1e9 and small numbers in one sum, and abort.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> (min, max), as measured.
    """
    graph = model.subgraphs[0]
    before_softmax = masked(model)
    for op in graph.operators:
        if kind_of(model, op) != _B.ADD or int(op.outputs[0]) not in before_softmax:
            continue
        tensors = [graph.tensors[int(index)] for index in op.inputs]
        for mask, other in (tensors, tensors[::-1]):
            data = model.buffers[mask.buffer].data
            if data is None or mask.type != schema.TensorType.FLOAT32:
                continue
            if name_of(other) not in ranges:
                continue
            low, high = ranges[name_of(other)]
            values = np.frombuffer(bytes(data), np.float32)
            if (values <= _MASK).any():
                soft = np.maximum(values, np.float32(low - high - _ENOUGH))
                model.buffers[mask.buffer].data = np.frombuffer(soft.tobytes(), np.uint8)
