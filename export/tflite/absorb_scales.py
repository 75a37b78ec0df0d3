"""The constants of a TFLite graph whose channels are scaled, so that it computes what it did."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.tflite.building.graph import Op, TfliteGraph
from _edgeship.export.tflite.channel_classes import ABSORBING, JOINT

Scales = NDArray[np.float32]


def absorb_scales(graph: TfliteGraph, scales: Mapping[int, Scales]) -> TfliteGraph:
    """Return a copy of a graph in which the channels of activations are multiplied.

    Args:
        graph: The graph, which stays as it is.
        scales: Tensor -> the factor of each channel: one for all channels of a class of
            `channel_classes`, and 1 for those that are fixed. Others keep their scale.
    """
    result = copy.copy(graph)
    result.tensors = list(graph.tensors)
    result.ops = [replace(op, inputs=list(op.inputs)) for op in graph.ops]
    result._names, result._constants = set(graph._names), dict(graph._constants)
    for op in result.ops:
        if op.kind in ABSORBING:
            _absorb(result, op, scales)
        elif op.kind in JOINT:
            _scale_constants(result, op, scales.get(op.outputs[0]))
    return result


def _absorb(graph: TfliteGraph, op: Op, scales: Mapping[int, Scales]) -> None:
    source, result = scales.get(op.inputs[0]), scales.get(op.outputs[0])
    weights = graph.tensors[op.inputs[1]].data
    if weights is None or (source is None and result is None):
        return
    scaled = weights
    if source is not None:
        scaled = scaled / _of_weights(op, weights, source)
    if result is not None:
        scaled = scaled * (result if op.kind == "DEPTHWISE_CONV_2D" else _first(result, weights))
    _write(graph, op, 1, scaled)
    if result is not None and len(op.inputs) > 2 and op.inputs[2] >= 0:
        bias = graph.tensors[op.inputs[2]].data
        if bias is not None:
            _write(graph, op, 2, bias * result)


def _of_weights(op: Op, weights: NDArray[np.float32], scales: Scales) -> Scales:
    """Return the scale of the input that each weight multiplies, so that it broadcasts to them."""
    if op.kind == "DEPTHWISE_CONV_2D":
        return np.repeat(scales, weights.shape[-1] // len(scales))
    if op.kind == "FULLY_CONNECTED":
        return np.tile(scales, weights.shape[-1] // len(scales))
    groups = scales.reshape(-1, weights.shape[-1])
    of_outputs = np.repeat(groups, weights.shape[0] // len(groups), axis=0)
    return of_outputs[:, None, None, :]


def _first(scales: Scales, weights: NDArray[np.float32]) -> Scales:
    return scales.reshape(-1, *[1] * (weights.ndim - 1))


def _scale_constants(graph: TfliteGraph, op: Op, scales: Scales | None) -> None:
    if scales is None:
        return
    for place, index in enumerate(op.inputs):
        values = graph.tensors[index].data
        if values is not None:
            _write(graph, op, place, values * scales)


def _write(graph: TfliteGraph, op: Op, place: int, values: NDArray[np.float32]) -> None:
    """Change a constant of an operator; if others read it as well, give it one of its own."""
    index, values = op.inputs[place], values.astype(np.float32)
    tensor = graph.tensors[index]
    if sum(other.inputs.count(index) for other in graph.ops) == 1:
        graph.tensors[index] = replace(tensor, data=values, shape=values.shape)
    else:
        op.inputs[place] = graph.constant(tensor.name, values)
