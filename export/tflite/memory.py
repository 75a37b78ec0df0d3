"""How much memory the activations of a file need at once."""

from __future__ import annotations

import math
from typing import Any

from ai_edge_litert import schema_py_generated as schema

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
    better; a runtime may need more for alignment and scratch space.

    Args:
        model: The schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    operators = list(graph.operators)
    born = {int(index): -1 for index in graph.inputs}
    dies = {int(index): len(operators) for index in graph.outputs}
    for step, op in enumerate(operators):
        for index in op.outputs:
            born.setdefault(int(index), step)
            dies.setdefault(int(index), step)
        for index in op.inputs:
            if int(index) in born:
                dies[int(index)] = max(dies.get(int(index), step), step)
    sizes = {index: _size(graph.tensors[index]) for index in born}
    return max(
        (
            sum(size for index, size in sizes.items() if born[index] <= step <= dies.get(index, -1))
            for step in range(len(operators))
        ),
        default=0,
    )


def _size(tensor: Any) -> int:
    shape = tensor.shape if tensor.shape is not None else ()
    return int(math.prod(int(extent) for extent in shape)) * _BYTES.get(tensor.type, 0)
