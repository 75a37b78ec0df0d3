"""How much memory the activations of a file need at once."""

from __future__ import annotations

import math

from _edgeship.export.tflite.reading import ModelRecord, TensorRecord

_BYTES = {
    "float32": 4,
    "float16": 2,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "bool": 1,
}


def peak_activation_bytes(model: ModelRecord) -> int:
    """Return the largest sum of activations alive at one operator, in bytes.

    A tensor lives from the operator that writes it to the last that reads it. No allocator does
    better; a runtime may need more for alignment and scratch space. Weights do not count, not even
    those that are stored as float16 and converted by an operator.

    Args:
        model: A file whose shapes are static; its first subgraph is looked at.
    """
    graph = model.subgraphs[0]
    computed = set(graph.inputs)
    operators = []
    for operator in graph.operators:
        # What is made of constants alone is a constant.
        if not computed.isdisjoint(operator.inputs):
            computed.update(operator.outputs)
            operators.append(operator)
    last = len(operators) - 1
    born = dict.fromkeys(graph.inputs, 0)
    dies = dict(born)
    for step, operator in enumerate(operators):
        for index in operator.outputs:
            born[index] = dies[index] = step
        for index in computed.intersection(operator.inputs):
            dies[index] = step
    dies.update(dict.fromkeys(graph.outputs, last))
    sizes = {index: _size(graph.tensors[index]) for index in born}
    return max(
        (
            sum(size for index, size in sizes.items() if born[index] <= step <= dies[index])
            for step in range(len(operators))
        ),
        default=0,
    )


def _size(tensor: TensorRecord) -> int:
    return math.prod(tensor.shape) * _BYTES.get(tensor.dtype, 0)
