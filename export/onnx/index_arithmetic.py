"""Nodes whose results are indices or positions: they stay in float.

An error of one step of 8 bits in a position reads another element, and the fraction that is left of
it weighs the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

#: Operators that read indices or positions -> which of their inputs these are.
_READING = {
    "Gather": 1,
    "GatherElements": 1,
    "GatherND": 1,
    "GridSample": 1,
    "OneHot": 0,
    "ScatterElements": 1,
    "ScatterND": 1,
}

#: Operators through which positions are followed; anything else computes coordinates.
_FOLLOWED = {
    *("Abs", "Add", "And", "Cast", "Ceil", "Clip", "Concat", "Div", "Equal", "Expand", "Flatten"),
    *("Floor", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max", "Min", "Mod"),
    *("Mul", "Neg", "Not", "Or", "Relu", "Reshape", "Round", "Sign", "Slice", "Split", "Squeeze"),
    *("Sub", "Tile", "Transpose", "Unsqueeze", "Where"),
}


def index_arithmetic(model: ir.Model) -> set[ir.Node]:
    """Return the nodes between computed coordinates and what reads them, and those of fractions.

    Args:
        model: The graph.
    """
    nodes = list(model.graph)
    positions: set[ir.Value] = set()
    for node in nodes:
        index = _READING.get(node.op_type)
        if index is not None and len(node.inputs) > index:
            positions.update(_computed(node.inputs[index : index + 1]))
    for node in reversed(nodes):
        if not positions.isdisjoint(node.outputs):
            if node.op_type in _FOLLOWED:
                positions.update(_computed(node.inputs))
            else:
                positions.difference_update(node.outputs)
    for node in nodes:
        read = _computed(node.inputs)
        if node.op_type in _FOLLOWED and read and positions.issuperset(read):
            positions.update(node.outputs)
    return {node for node in nodes if not positions.isdisjoint(node.outputs)}


def _computed(values: Sequence[ir.Value | None]) -> list[ir.Value]:
    """Return those of some values that are no constants."""
    return [value for value in values if value is not None and value.const_value is None]
