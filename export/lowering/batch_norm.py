"""Batch normalization with fixed statistics: a factor and a summand for each channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

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
        Unsupported: If its statistics are not constant, or not one for each channel.
    """
    if attributes.integer(node, "training_mode", 0):
        raise Unsupported("batch normalization in training mode")
    if not attributes.integer(node, "spatial", 1):
        raise Unsupported("batch normalization with statistics for each pixel")
    gamma, beta, mean, variance = (
        values.required_constant(value, "a parameter of batch normalization").astype(np.float64)
        for value in node.inputs[1:5]
    )
    scale = gamma / np.sqrt(variance + attributes.real(node, "epsilon", 1e-5))
    return scale, beta - mean * scale
