"""Parameters that the lowerings of all targets read from a node in one way."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.values import Array, Values


def convolution(values: Values[Any], node: ir.Node) -> tuple[Array, Array | None]:
    """Return the weight and the bias of a convolution, transposed or not; no bias is None.

    Raises:
        Unsupported: The graph computes one of them.
    """
    weight = values.required_constant(attributes.source(node, 1), "the weight of a convolution")
    bias = attributes.optional_input(node, 2)
    if bias is None:
        return weight, None
    return weight, values.required_constant(bias, "the bias of a convolution")


def reduced_axes(values: Values[Any], node: ir.Node) -> list[int]:
    """Return the axes that a reduction goes over, from 0; none if it does nothing.

    Raises:
        Unsupported: The graph computes the axes.
    """
    rank = len(values.shape(attributes.source(node)))
    axes = attributes.integers_anywhere(values, node, "axes", 1) or []
    if not axes and not attributes.integer(node, "noop_with_empty_axes", 0):
        return list(range(rank))
    return [axis % rank for axis in axes]
