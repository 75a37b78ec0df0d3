"""Batch normalization with fixed statistics: a factor and a summand for each channel."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.graph.batch_norm import batch_norm
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, Values


def scale_and_shift(values: Values[Any], node: ir.Node) -> tuple[Array, Array]:
    """Return what a BatchNormalization multiplies each channel by, and what it then adds.

    Args:
        values: What is known of the graph.
        node: A BatchNormalization.

    Returns:
        Two float64 arrays (C,).

    Raises:
        Unsupported: The node is in training mode, a parameter is computed by the graph, or the
            statistics are those of each pixel instead of each channel.
    """
    if attributes.integer(node, "training_mode", 0):
        raise Unsupported("batch normalization in training mode")
    if not attributes.integer(node, "spatial", 1):
        raise Unsupported("batch normalization with statistics for each pixel")
    what = "a parameter of batch normalization"
    norm = batch_norm(node, [values.required_constant(v, what) for v in node.inputs[1:5]])
    return norm.scale, norm.shift
