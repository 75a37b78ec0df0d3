"""What a network divides by stays in float: variances, norms, and sums of exponentials.

A variance is summed up from squares, which spread over twice the orders of magnitude of what is
squared. In 8 bits the small ones are a step or two, and the quotient is off by as much. So all of it
is left to float operators, from what is summed up to the root or the quotient. Numerators keep
their integers, so that a layer norm pays one conversion of its size, and one of its statistic's.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Operators whose results are far off if what they read is small -> the input that they divide by.
_DIVIDING = {_B.DIV: 1, _B.LOG: 0, _B.POW: 0, _B.RSQRT: 0, _B.SQRT: 0}

_SUMMING = {_B.MEAN, _B.SUM}

#: Operators through which a sum is followed back from where it divides.
_BETWEEN = {
    *(_B.ABS, _B.ADD, _B.DIV, _B.MAXIMUM, _B.MUL, _B.NEG, _B.POW, _B.RESHAPE, _B.RSQRT, _B.SQRT),
    *(_B.SQUARE, _B.SUB, _B.TRANSPOSE, _B.BROADCAST_TO, _B.RELU, _B.LOG, _B.MINIMUM),
}

#: Operators that spread what they read over more orders of magnitude, in front of a sum.
_SPREADING = {_B.EXP, _B.POW, _B.SQUARE, _B.SQUARED_DIFFERENCE}


def divisors(model: Any) -> set[str]:
    """Return the names of the tensors that sums which are divided by are computed in.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    kinds = [kind_of(model, op) for op in graph.operators]
    makers = {int(i): k for k, op in enumerate(graph.operators) for i in op.outputs}

    def is_square(k: int) -> bool:
        op = graph.operators[k]
        return kinds[k] in _SPREADING or (
            kinds[k] == _B.MUL and int(op.inputs[0]) == int(op.inputs[1])
        )

    known: dict[int, set[int]] = {}

    def behind(index: int) -> set[int]:
        """Return the operators between a sum and a tensor that it ends in; none without a sum."""
        k = makers.get(index)
        if k is None:
            return set()
        if k not in known:
            op, found = graph.operators[k], set[int]()
            if kinds[k] in _SUMMING:
                source = makers.get(int(op.inputs[0]))
                found = {k} if source is None or not is_square(source) else {k, source}
            elif kinds[k] in _BETWEEN:
                found = found.union(*(behind(int(i)) for i in op.inputs))
                found |= {k} if found else set()
            known[k] = found
        return known[k]

    divisors: set[int] = set()
    for k, op in enumerate(graph.operators):
        if kinds[k] in _DIVIDING:
            found = behind(int(op.inputs[_DIVIDING[kinds[k]]]))
            divisors |= found | ({k} if found else set())
    return {name_of(graph.tensors[i]) for k in divisors for i in graph.operators[k].outputs}
