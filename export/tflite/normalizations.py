"""Normalizations and other quotients by sums stay in float: layer norms, norms, softmax formulas.

A variance is summed up from squares, which spread over twice the orders of magnitude of what is
squared: in 8 bits the small ones are a step or two, and the quotient is off by as much. A mean that
is a little beyond its measured range shifts all that it is taken from. So all of it is left to
float operators, from the first sum to the quotient and the constants that scale and shift it. That
is two conversions, as many as the sum alone would need, and nothing is rounded in between. Two
products and two layer norms on 197 x 192 numbers took 193 us so, 231 us with the sums alone in
float, and 267 us in integers (one x86 core, XNNPACK); they kept 27.4, 26.0 and 24.9 dB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Operators whose results are far off where what they read is small -> the input that this is.
_DIVIDING = {_B.DIV: 1, _B.LOG: 0, _B.RSQRT: 0, _B.SQRT: 0}

_SUMMING = {_B.MEAN, _B.SUM}

#: Operators through which a sum is followed from where it divides.
_BETWEEN = {
    *(_B.ABS, _B.ADD, _B.BROADCAST_TO, _B.DIV, _B.LOG, _B.MAXIMUM, _B.MINIMUM, _B.MUL, _B.NEG),
    *(_B.POW, _B.RELU, _B.RESHAPE, _B.RSQRT, _B.SQRT, _B.SQUARE, _B.SUB, _B.TRANSPOSE),
}

#: Operators that spread what they read over more orders of magnitude, in front of a sum.
_SPREADING = {_B.EXP, _B.POW, _B.SQUARE, _B.SQUARED_DIFFERENCE}

#: Operators by which a statistic is applied to what it was taken of.
_APPLYING = {_B.ADD, _B.DIV, _B.MUL, _B.SUB}


def normalizations(model: Any) -> set[str]:
    """Return the names of the tensors that are computed with sums which something is divided by.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    computed = {int(i) for op in graph.operators for i in op.outputs}
    steps = [
        _Step(
            kind_of(model, op),
            [i for i in map(int, op.inputs) if i in computed or i in graph.inputs],
            [int(i) for i in op.inputs],
            [int(i) for i in op.outputs],
        )
        for op in graph.operators
    ]
    sums = _sums(steps)
    return {name_of(graph.tensors[i]) for i in sums | _applied(steps, sums)}


@dataclass(frozen=True)
class _Step:
    """An operator; ``read`` are those of its inputs that are no constants."""

    kind: int
    read: list[int]
    inputs: list[int]
    outputs: list[int]

    @property
    def spreads(self) -> bool:
        square = self.kind == _B.MUL and len(self.read) == 2 and self.read[0] == self.read[1]
        return square or self.kind in _SPREADING


def _sums(steps: Sequence[_Step]) -> set[int]:
    """Return what lies between sums and where they divide: sums, what they are of, and roots."""
    wanted = {step.inputs[_DIVIDING[step.kind]] for step in steps if step.kind in _DIVIDING}
    for step in reversed(steps):
        if step.kind in _BETWEEN and not wanted.isdisjoint(step.outputs):
            wanted.update(step.read)
    makers = {i: step for step in steps for i in step.outputs}
    found = set[int]()
    for step in steps:
        if step.kind in _SUMMING and not wanted.isdisjoint(step.outputs):
            found.update(step.outputs, _summed(makers, step.inputs[0]))
        elif step.kind in _BETWEEN and not found.isdisjoint(step.read):
            found.update(wanted.intersection(step.outputs))
    for step in steps:
        if step.kind in _DIVIDING.keys() - {_B.DIV} and step.inputs[_DIVIDING[step.kind]] in found:
            found.update(step.outputs)
    return found


def _summed(makers: dict[int, _Step], index: int) -> set[int]:
    """Return what of a summed tensor belongs to a statistic: squares, and means in these."""
    square = makers.get(index)
    if square is None or not square.spreads:
        return set()
    found = {index}
    for source in square.read:
        centred = makers.get(source)
        if centred is not None and centred.kind in _SUMMING:
            found.add(source)
        elif centred is not None and centred.kind == _B.SUB:
            means = [i for i in centred.read if i in makers and makers[i].kind in _SUMMING]
            found.update(means)
    return found


def _applied(steps: Sequence[_Step], sums: set[int]) -> set[int]:
    """Return what sums are taken from, multiplied with or divide, and constants on top of it."""
    applied = set[int]()
    for step in steps:
        if step.kind in _APPLYING and step.read:
            own = [i for i in step.read if i in sums or i in applied]
            if len(own) == len(step.read) or any(i in sums for i in own):
                applied.update(step.outputs)
    return applied
