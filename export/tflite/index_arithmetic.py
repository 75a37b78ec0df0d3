"""Arithmetic whose results are indices, as GridSample's positions are, stays in float.

An error of one step of 8 bits in a position reads another element. So does an error in a position
before it is rounded, and the fraction that is left weighs the neighbours: all of it is left to
float operators, from what computes the coordinates (a convolution, say) to what gathers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator
_T = schema.TensorType

#: Operators that read indices -> which of their inputs these are.
_READING = {_B.GATHER: 1, _B.GATHER_ND: 1, _B.SCATTER_ND: 0, _B.ONE_HOT: 0}

_ROUNDING = {_B.FLOOR, _B.CEIL, _B.ROUND}
#: Operators through which positions are followed; anything else computes coordinates.
_ARITHMETIC = {
    *(_B.ABS, _B.ADD, _B.CAST, _B.DIV, _B.EQUAL, _B.FLOOR_MOD, _B.GREATER, _B.GREATER_EQUAL),
    *(_B.LESS, _B.LESS_EQUAL, _B.LOGICAL_AND, _B.LOGICAL_NOT, _B.LOGICAL_OR, _B.MAXIMUM),
    *(_B.MINIMUM, _B.MUL, _B.NEG, _B.RELU, _B.SELECT_V2, _B.SIGN, _B.SQUARE, _B.SUB),
}
_MOVING = {
    *(_B.CONCATENATION, _B.PACK, _B.RESHAPE, _B.SLICE, _B.SPLIT, _B.STRIDED_SLICE),
    *(_B.TILE, _B.TRANSPOSE, _B.UNPACK),
}


def index_arithmetic(model: Any) -> set[str]:
    """Return the names of the float tensors that indices are computed from, and their fractions.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    computed = {int(i) for op in graph.operators for i in op.outputs}
    steps = [
        _Step(
            kind_of(model, op),
            [int(i) for i in op.inputs],
            [int(i) for i in op.outputs],
            {int(i) for i in op.inputs} & (computed | {int(i) for i in graph.inputs}),
        )
        for op in graph.operators
    ]
    positions = _behind(steps)
    return {
        name_of(graph.tensors[index])
        for index in (positions | _fractions(steps, positions)) & computed
        if graph.tensors[index].type == _T.FLOAT32
    }


@dataclass(frozen=True)
class _Step:
    """An operator; ``read`` are those of its inputs that are no constants."""

    kind: int
    inputs: list[int]
    outputs: list[int]
    read: set[int]


def _behind(steps: list[_Step]) -> set[int]:
    """Return the indices that operators read, and the arithmetic that they are the results of."""
    found = {step.inputs[_READING[step.kind]] for step in steps if step.kind in _READING}
    for step in reversed(steps):
        if found.isdisjoint(step.outputs):
            continue
        if step.kind in _ARITHMETIC | _MOVING | _ROUNDING:
            found |= step.read
        else:
            found.difference_update(step.outputs)
    return found


def _fractions(steps: list[_Step], positions: set[int]) -> set[int]:
    """Return what arithmetic makes of positions and constants alone."""
    found = set(positions)
    for step in steps:
        if step.kind in _ARITHMETIC | _MOVING and step.read and step.read <= found:
            found.update(step.outputs)
    return found - positions
