"""Operators that compute nothing, or in all targets the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def transpose(
    values: Values[Any],
    node: ir.Node,
    write: Callable[[ir.Value, ir.Value, Sequence[int]], object],
) -> None:
    """An operator where axes move; constants are turned while compiling.

    Args:
        values: Of the target.
        node: A Transpose.
        write: Appends the target's operator: from the input to the output, with the order of axes.
    """
    x, y = attributes.source(node), node.outputs[0]
    order = attributes.integers(node, "perm", list(reversed(range(len(values.shape(x))))))
    data = values.constant(x)
    if data is not None:
        values.fold(y, data.transpose(order))
    elif order == sorted(order):
        values.alias(y, x)
    else:
        write(x, y, order)
