"""The nodes at the end of a graph that join numbers of different sizes: they stay in float."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.lowering.mixed import mixed_values, uneven
from _edgeship.export.verification.joined import MOVING

#: Operators of a value and a constant -> whether the constant can give parts of it other sizes.
_SCALING = {"Add": False, "Div": True, "Mul": True, "Sub": False}


def mixed_outputs(model: ir.Model, ranges: Ranges) -> set[ir.Node]:
    """Return the nodes that are to stay in float.

    Args:
        model: The graph.
        ranges: Name of a value -> measured (min, max).
    """

    def moved(value: ir.Value) -> list[ir.Value]:
        node = value.producer()
        if node is None or node.op_type not in MOVING:
            return []
        inputs = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        return [one for one in inputs if one is not None and one.name in ranges]

    def width(value: ir.Value) -> float:
        low, high = ranges[str(value.name)]
        return max(high, 0.0) - min(low, 0.0)

    def scaled(value: ir.Value) -> tuple[ir.Value | None, bool]:
        node = value.producer()
        if node is None or node.op_type not in _SCALING:
            return None, False
        sources = [one for one in node.inputs if one is not None and one.name in ranges]
        factors = [one.const_value for one in node.inputs if one is not None and one.const_value]
        if len(sources) != 1 or len(factors) != 1:
            return None, False
        return sources[0], _SCALING[node.op_type] and uneven(factors[0].numpy())

    outputs = [value for value in model.graph.outputs if value.name in ranges]
    found = mixed_values(outputs, moved, width, scaled)
    return {node for value in found if (node := value.producer()) is not None}
