"""Batch normalization with fixed statistics as arithmetic on each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import float64_data, integer, real


@dataclass(frozen=True)
class BatchNorm:
    """``y = scale * (x - mean) + beta``, channel by channel, in float64.

    Attributes:
        scale: (C,), gamma / sqrt(variance + epsilon).
        mean: (C,).
        beta: (C,).
    """

    scale: NDArray[np.float64]
    mean: NDArray[np.float64]
    beta: NDArray[np.float64]

    @property
    def shift(self) -> NDArray[np.float64]:
        """What is added to ``scale * x``: (C,)."""
        shift: NDArray[np.float64] = self.beta - self.mean * self.scale
        return shift


def batch_norm(node: ir.Node, parameters: Sequence[NDArray[Any]]) -> BatchNorm:
    """Return what a BatchNormalization does to each channel at inference.

    Args:
        node: The node, of which only epsilon is read here.
        parameters: Its inputs 1 to 4: gamma, beta, mean and variance, each (C,).
    """
    gamma, beta, mean, variance = (array.astype(np.float64) for array in parameters)
    return BatchNorm(gamma / np.sqrt(variance + real(node, "epsilon", 1e-5)), mean, beta)


def constant_batch_norm(node: ir.Node) -> BatchNorm | None:
    """Return what a node does if it is a batch normalization that the graph alone determines.

    Returns:
        None for any other operator, in training mode, with a parameter that the graph computes, or
        with statistics for each pixel (``spatial = 0``, before opset 9).
    """
    if node.op_type != "BatchNormalization":
        return None
    if integer(node, "training_mode", 0) or not integer(node, "spatial", 1):
        return None
    parameters = node.inputs[1:5]
    if any(value is None or value.const_value is None for value in parameters):
        return None
    return batch_norm(node, [float64_data(value) for value in parameters])
