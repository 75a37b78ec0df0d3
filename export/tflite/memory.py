"""How much memory the activations of a file need at once."""

from __future__ import annotations

import math
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import shape_of

_T = schema.TensorType
_BYTES = {
    _T.FLOAT32: 4,
    _T.FLOAT16: 2,
    _T.INT8: 1,
    _T.UINT8: 1,
    _T.INT16: 2,
    _T.INT32: 4,
    _T.INT64: 8,
    _T.BOOL: 1,
}


def peak_activation_bytes(model: Any) -> int:
    """Return the largest sum of activations alive at one operator, in bytes.

    A tensor lives from the operator that writes it to the last that reads it. No allocator does
    better; a runtime may need more for alignment and scratch space. Weights do not count, be they
    stored as float16 and converted by an operator.

    Args:
        model: The schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    computed = {int(index) for index in graph.inputs}
    operators = []
    for op in graph.operators:
        # What is made of constants alone is a constant.
        if not computed.isdisjoint(op.inputs):
            computed.update(int(index) for index in op.outputs)
            operators.append(op)
    last = len(operators) - 1
    born = {int(index): 0 for index in graph.inputs}
    dies = dict(born)
    for step, op in enumerate(operators):
        for index in op.outputs:
            born[int(index)] = dies[int(index)] = step
        for index in computed.intersection(op.inputs):
            dies[index] = step
    dies.update((int(index), last) for index in graph.outputs)
    sizes = {index: _size(graph.tensors[index]) for index in born}
    return max(
        (
            sum(size for index, size in sizes.items() if born[index] <= step <= dies[index])
            for step in range(len(operators))
        ),
        default=0,
    )


def _size(tensor: Any) -> int:
    return math.prod(shape_of(tensor)) * _BYTES.get(tensor.type, 0)
