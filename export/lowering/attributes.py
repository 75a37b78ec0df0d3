"""Reading a node's attributes, and parameters that moved from attribute to input between opsets."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer as integer
from _edgeship.export.graph.onnx_graph import real as real
from _edgeship.export.lowering.values import Values


def opset(node: ir.Node) -> int:
    """Return the version of the ONNX operator set that the node's graph is written in."""
    graph = node.graph
    if graph is None:
        raise ValueError(f"{node.name} is in no graph")
    return graph.opset_imports.get("") or graph.opset_imports["ai.onnx"]


def text(node: ir.Node, name: str, default: str) -> str:
    """Return a string attribute or its default."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_string()


def integers(node: ir.Node, name: str, default: list[int]) -> list[int]:
    """Return a list attribute or its default."""
    attribute = node.attributes.get(name)
    return default if attribute is None else list(attribute.as_ints())


def optional_input(node: ir.Node, index: int) -> ir.Value | None:
    """Return an input, or None where it is left out."""
    return node.inputs[index] if index < len(node.inputs) else None


def integers_anywhere(
    values: Values[Any], node: ir.Node, name: str, index: int
) -> list[int] | None:
    """Return a list that older opsets keep in an attribute and newer ones in a constant input.

    Raises:
        Unsupported: If the input is computed by the graph.
    """
    if name in node.attributes:
        return list(node.attributes[name].as_ints())
    value = optional_input(node, index)
    if value is None:
        return None
    return [int(item) for item in values.required_constant(value, name).reshape(-1)]


def real_anywhere(values: Values[Any], node: ir.Node, name: str, index: int) -> float | None:
    """Return a number that older opsets keep in an attribute and newer ones in a constant input.

    Raises:
        Unsupported: If the input is computed by the graph.
    """
    if name in node.attributes:
        return node.attributes[name].as_float()
    value = optional_input(node, index)
    if value is None:
        return None
    return float(values.required_constant(value, name).reshape(-1)[0])


def source(node: ir.Node, index: int = 0) -> ir.Value:
    """Return a required input."""
    value = node.inputs[index]
    if value is None:
        raise ValueError(f"{node.name} lacks its input {index}")
    return value
