"""Operators that compute nothing in any target."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Values, data_of


def alias(values: Values[Any], node: ir.Node) -> None:
    """No operator: the output is the input."""
    given = attributes.optional_input(node, 2)
    if given is not None and values.required_constant(given, "the mode of dropout").any():
        raise Unsupported("dropout in training mode")
    values.alias(node.outputs[0], attributes.source(node))


def constant(values: Values[Any], node: ir.Node) -> None:
    """A constant that is a graph output; all others were lifted to initializers."""
    data = ir.convenience.get_const_tensor(node.outputs[0])
    if data is None:
        raise Unsupported("a constant that is not a tensor")
    values.fold(node.outputs[0], data_of(data))
