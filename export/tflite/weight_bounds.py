"""Wider ranges for weights whose bias would otherwise not fit into its integers.

The integers of a bias count in steps of input scale times weight scale, and litert-quantizer cuts
them off at 32 bits. A channel whose weights are all zero or tiny, as pruning and batch norms with a
weight near zero leave them, would so lose its bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.tflite.objects import constant, kind_of, name_of


@dataclass(frozen=True)
class WeightedLayout:
    """Where an operator has what it multiplies.

    Attributes:
        axis: Of the output channels, in the weights.
        source: Index of the input that is multiplied.
        bias: Index of the bias.
        weight: Index of the weights.
    """

    axis: int
    source: int = 0
    bias: int = 2
    weight: int = 1


#: Operators that read weights.
WEIGHTED: dict[int, WeightedLayout] = {
    schema.BuiltinOperator.CONV_2D: WeightedLayout(0),
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: WeightedLayout(3),
    schema.BuiltinOperator.FULLY_CONNECTED: WeightedLayout(0),
    schema.BuiltinOperator.TRANSPOSE_CONV: WeightedLayout(0, source=2, bias=3),
}

#: Steps of a symmetric int8 weight from 0 to its largest magnitude.
_STEPS = 127

#: Half of what 32 bits hold; the other half is for the sum of products that is added.
_LARGEST_BIAS = 2.0**30


def weight_bounds(model: Any, ranges: Ranges, bits: int) -> dict[str, NDArray[Any]]:
    """Return the largest magnitude per channel for weights that need more than their own.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> (min, max) under which it will be quantized.
        bits: Of the activations: 8 or 16.

    Returns:
        Name of a weight tensor -> float32 bounds, of the weight's rank with all extents but that
        of the channels 1.
    """
    tensors = model.subgraphs[0].tensors
    bounds = {}
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is None or len(op.inputs) <= layout.bias or op.inputs[layout.bias] < 0:
            continue
        weight = constant(model, tensors[op.inputs[layout.weight]])
        offsets = constant(model, tensors[op.inputs[layout.bias]])
        range_ = ranges.get(name_of(tensors[op.inputs[layout.source]]))
        if weight is None or offsets is None or range_ is None:
            continue
        own = _largest_magnitude(weight, layout.axis)
        needed = np.abs(offsets) * _STEPS / (_scale(range_, bits) * _LARGEST_BIAS)
        if (needed > own.reshape(-1)).any():
            bounds[name_of(tensors[op.inputs[layout.weight]])] = np.maximum(
                own, needed.reshape(own.shape)
            ).astype(np.float32)
    return bounds


def _largest_magnitude(weight: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return the largest magnitude per channel, of the weight's rank."""
    others = tuple(other for other in range(weight.ndim) if other != axis)
    largest: NDArray[Any] = np.abs(weight).max(axis=others, keepdims=True)
    return largest


def _scale(range_: tuple[float, float], bits: int) -> float:
    low, high = min(range_[0], 0.0), max(range_[1], 0.0)
    return (high - low) / 255 if bits == 8 else max(-low, high) / 32767
