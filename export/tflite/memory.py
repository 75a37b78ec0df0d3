"""How much memory the activations of a file need at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from _edgeship.export.tflite.reading import ModelRecord, OperatorRecord, TensorRecord

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

#: What LiteRT's own kernels compute in the place of an operand that nothing reads afterwards; seen
#: at the addresses that ai-edge-litert 2.3.0 gives. XNNPACK does so for more operators.
IN_PLACE = {"ADD": 2, "DIV": 2, "EXPAND_DIMS": 1, "MUL": 2, "RESHAPE": 1, "SOFTMAX": 1, "SUB": 2}


def peak_activation_bytes(model: ModelRecord) -> int:
    """Return the largest sum of activations alive at one operator, in bytes.

    A tensor lives from the operator that writes it to the last that reads it; results of arithmetic
    take the place of an operand of their size that is read for the last time. What a runtime needs
    is more by how well it packs, by scratch space, and by the inputs, which some keep to the end.
    Weights do not count, not even those that are stored as float16 and converted by an operator.

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
    kept = {*graph.inputs, *graph.outputs}
    for step, operator in enumerate(operators):
        place = _place(operator, step, dies, sizes)
        if place is not None and place not in kept and operator.outputs[0] not in kept:
            dies[place] = step - 1
    return max(
        (
            sum(size for index, size in sizes.items() if born[index] <= step <= dies[index])
            for step in range(len(operators))
        ),
        default=0,
    )


def _place(
    operator: OperatorRecord, step: int, dies: dict[int, int], sizes: dict[int, int]
) -> int | None:
    """Return the operand whose place the result of an operator takes, if it takes one."""
    operands: Sequence[int] = operator.inputs[: IN_PLACE.get(operator.kind, 0)]
    for index in operands:
        if dies.get(index) == step and sizes[index] == sizes[operator.outputs[0]]:
            return index
    return None


def _size(tensor: TensorRecord) -> int:
    return math.prod(tensor.shape) * _BYTES.get(tensor.dtype, 0)
