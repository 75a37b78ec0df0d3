"""Functions that gate their own argument, x * f(x), made to leave the sizes of channels free.

SiLU ties all channels of its argument to the scale that they have, since a sigmoid bends: one large
channel would take the steps from all others, in the argument and in the product. So the sigmoid is
fed by a depthwise convolution of one point that gives each channel the size that it had. Its
weights have a scale per channel, and its result needs no more range than the sigmoid tells apart.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator

import numpy as np

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options

#: Functions that are flat where their argument is large.
_BENT = {"LOGISTIC", "TANH"}


def gated(graph: TfliteGraph) -> list[int]:
    """Return the tensors (N, H, W, C) that are multiplied by a bent function of themselves."""
    return [op.inputs[0] for op in _gates(graph)]


def loosen_gates(graph: TfliteGraph, tensors: Collection[int]) -> TfliteGraph:
    """Return a copy of a graph that computes the same, some gates of which have their own input.

    Args:
        graph: The graph, which stays as it is.
        tensors: Some of those that `gated` returns.
    """
    result = copy.copy(graph)
    result.tensors, result.ops = list(graph.tensors), []
    result._names, result._constants = set(graph._names), dict(graph._constants)
    loosened = {id(op) for op in _gates(graph) if op.inputs[0] in tensors}
    for op in graph.ops:
        inputs = list(op.inputs)
        if id(op) in loosened:
            inputs[0] = _own_input(result, inputs[0])
        result.add(op.kind, inputs, list(op.outputs), op.options)
    return result


def _gates(graph: TfliteGraph) -> Iterator[Op]:
    products = {frozenset(op.inputs) for op in graph.ops if op.kind == "MUL"}
    for op in graph.ops:
        if op.kind not in _BENT or len(graph.tensors[op.inputs[0]].shape) != 4:
            continue
        if frozenset((op.inputs[0], op.outputs[0])) in products:
            yield op


def _own_input(graph: TfliteGraph, source: int) -> int:
    """Add what computes the same tensor again, and return that."""
    tensor = graph.tensors[source]
    channels = tensor.shape[-1]
    name = f"{tensor.name}/as it was"
    result = graph.tensor(name, tensor.shape)
    graph.tensors[result].signature = tensor.signature
    weights = graph.constant(f"{name}/weights", np.ones((1, 1, 1, channels), np.float32))
    bias = graph.constant(f"{name}/bias", np.zeros(channels, np.float32))
    window = options(
        "DepthwiseConv2DOptions",
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=1,
    )
    graph.add("DEPTHWISE_CONV_2D", [source, weights, bias], [result], window)
    return result
