"""The operators at the end of a file that join numbers of different sizes: they stay in float."""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.lowering.mixed import mixed_values, uneven
from _edgeship.export.tflite.objects import constant, kind_of, name_of
from _edgeship.export.tflite.shared_ranges import FIXED

_B = schema.BuiltinOperator

#: Operators that move the elements of these inputs and compute nothing; None for all inputs.
_MOVING: dict[int, int | None] = {
    _B.CONCATENATION: None,
    _B.EXPAND_DIMS: 0,
    _B.GATHER: 0,
    _B.PACK: None,
    _B.RESHAPE: 0,
    _B.SLICE: 0,
    _B.SPLIT: 1,
    _B.SQUEEZE: 0,
    _B.STRIDED_SLICE: 0,
    _B.TRANSPOSE: 0,
    _B.UNPACK: 0,
}

#: Operators of a value and a constant -> whether the constant can give parts of it other sizes.
_SCALING: dict[int, bool] = {_B.ADD: False, _B.DIV: True, _B.MUL: True, _B.SUB: False}


def mixed_outputs(model: Any, ranges: Ranges) -> set[str]:
    """Return the names of the tensors whose operators are to stay in float.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> measured (min, max).
    """
    graph = model.subgraphs[0]
    names = [name_of(tensor) for tensor in graph.tensors]
    makers = {int(index): op for op in graph.operators for index in op.outputs}

    def moved(index: int) -> list[int]:
        op = makers.get(index)
        kind = None if op is None else kind_of(model, op)
        if op is None or kind not in _MOVING:
            return []
        which = _MOVING[kind]
        inputs = op.inputs if which is None else [op.inputs[which]]
        return [int(k) for k in inputs if names[k] in ranges]

    def width(index: int) -> float:
        op, measured = makers.get(index), ranges[names[index]]
        low, high = measured if op is None else FIXED.get(kind_of(model, op), measured)
        return max(high, 0.0) - min(low, 0.0)

    def scaled(index: int) -> tuple[int | None, bool]:
        op = makers.get(index)
        kind = None if op is None else kind_of(model, op)
        if op is None or kind not in _SCALING:
            return None, False
        constants = [constant(model, graph.tensors[k]) for k in op.inputs]
        sources = [int(k) for k in op.inputs if names[k] in ranges]
        factors = [one for one in constants if one is not None]
        if len(sources) != 1 or len(factors) != 1:
            return None, False
        return sources[0], _SCALING[kind] and uneven(factors[0])

    outputs = [int(index) for index in graph.outputs if names[index] in ranges]
    found = mixed_values(outputs, moved, width, scaled)
    return {names[k] for index in found for k in makers[index].outputs}
