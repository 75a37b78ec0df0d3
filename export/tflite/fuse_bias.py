"""A constant row that is added to a product becomes the product's bias."""

from __future__ import annotations

from collections import Counter

import numpy as np

from _edgeship.export.tflite.building.graph import Op, TfliteGraph

#: Operators whose third input is a bias with one element for each channel of the last axis.
_BIASED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}


def fuse_bias(graph: TfliteGraph) -> None:
    """Let FULLY_CONNECTED and convolutions add what an ADD behind them does, in place.

    A product of more than two axes has no bias in ONNX, so that linear layers on sequences come
    as a MatMul and an Add. In integers, the bias has 32 bits and the ADD would have eight.
    """
    readers = Counter(index for op in graph.ops for index in op.inputs)
    producers = {index: op for op in graph.ops for index in op.outputs}
    kept: list[Op] = []
    for op in graph.ops:
        sides = _sides(graph, op) if op.kind == "ADD" else None
        product = producers.get(sides[0]) if sides is not None else None
        if (
            sides is None
            or product is None
            or product.kind not in _BIASED
            or product.options.fusedActivationFunction
            or readers[sides[0]] > 1
            or sides[0] in graph.outputs
            or len(product.inputs) < 3
        ):
            kept.append(op)
            continue
        bias, row = (graph.tensors[i].data for i in (product.inputs[2], sides[1]))
        if bias is None or row is None or bias.shape != (row.size,):
            kept.append(op)
            continue
        name = graph.tensors[product.inputs[2]].name
        product.inputs[2] = graph.constant(name, bias + row.reshape(-1))
        product.outputs = list(op.outputs)
        product.options.fusedActivationFunction = op.options.fusedActivationFunction
        producers[op.outputs[0]] = product
    graph.ops = kept


def _sides(graph: TfliteGraph, op: Op) -> tuple[int, int] | None:
    """Return the computed and the constant input of an ADD of a row, in this order."""
    shape = graph.tensors[op.outputs[0]].shape
    for computed, constant in (op.inputs, op.inputs[::-1]):
        row = graph.tensors[constant].data
        if (
            row is not None
            and row.dtype == np.float32
            and row.ndim > 0
            and row.shape[-1:] == shape[-1:]
            and row.size == shape[-1]
            and graph.tensors[computed].shape == shape
        ):
            return computed, constant
    return None
