"""Small rewrites of the TFLite graph: fewer reshapes, fused activations, nothing unused."""

from __future__ import annotations

from collections import Counter

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options
from _edgeship.export.tflite.fuse_bias import fuse_bias
from _edgeship.export.tflite.padded_means import convolve_padded_means
from _edgeship.export.tflite.pools_first import pool_first
from _edgeship.export.tflite.schedule import shorten_lives
from _edgeship.export.tflite.strided_points import pick_points

_FUSABLE = {
    "RELU": schema.ActivationFunctionType.RELU,
    "RELU6": schema.ActivationFunctionType.RELU6,
    "RELU_N1_TO_1": schema.ActivationFunctionType.RELU_N1_TO_1,
}
_PRODUCERS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DIV",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MUL",
    "SUB",
}


def optimize(graph: TfliteGraph) -> None:
    """Apply all rewrites in place; behind them come the sweep, and the order of what is left."""
    join_reshapes(graph)
    fuse_bias(graph)
    fuse_activations(graph)
    convolve_padded_means(graph)
    pick_points(graph)
    pool_first(graph)
    remove_unused(graph)
    shorten_lives(graph)


def join_reshapes(graph: TfliteGraph) -> None:
    """Let a RESHAPE read what the RESHAPE before it reads, and drop one that changes nothing."""
    producers: dict[int, Op] = {}
    renamed: dict[int, int] = {}
    kept: list[Op] = []
    for op in graph.ops:
        op.inputs = [renamed.get(index, index) for index in op.inputs]
        if op.kind == "RESHAPE":
            before = producers.get(op.inputs[0])
            if before is not None and before.kind == "RESHAPE":
                op.inputs[0] = before.inputs[0]
            source, result = op.inputs[0], op.outputs[0]
            same = graph.tensors[source].shape == graph.tensors[result].shape
            if same and result not in graph.outputs:
                renamed[result] = source
                continue
        kept.append(op)
        producers.update((index, op) for index in op.outputs)
    graph.ops = kept


def fuse_activations(graph: TfliteGraph) -> None:
    """Let the producer of an activation's input apply it, where nothing else reads that input."""
    readers = Counter(index for op in graph.ops for index in op.inputs)
    producers = {index: op for op in graph.ops for index in op.outputs}
    kept: list[Op] = []
    for op in graph.ops:
        before = producers.get(op.inputs[0]) if op.kind in _FUSABLE else None
        if (
            before is None
            or before.kind not in _PRODUCERS
            or before.options.fusedActivationFunction != schema.ActivationFunctionType.NONE
            or readers[op.inputs[0]] > 1
            or op.inputs[0] in graph.outputs
        ):
            kept.append(op)
            continue
        before.options.fusedActivationFunction = _FUSABLE[op.kind]
        before.outputs = list(op.outputs)
        producers[op.outputs[0]] = before
    graph.ops = kept


def remove_unused(graph: TfliteGraph) -> None:
    """Drop operators whose results nobody reads, then tensors that no operator names."""
    needed = set(graph.outputs)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            needed.update(op.inputs)
            kept.append(op)
    graph.ops = kept[::-1]
    for op in graph.ops:
        if op.kind == "RESHAPE" and graph.tensors[op.outputs[0]].shape == ():
            # LiteRT's GPU accelerator loads no file with a constant without elements.
            op.inputs = op.inputs[:1]
    used = set(graph.inputs) | set(graph.outputs)
    used.update(index for op in graph.ops for index in (*op.inputs, *op.outputs))
    used.discard(-1)
    number = graph.keep(used) | {-1: -1}
    graph.inputs = [number[index] for index in graph.inputs]
    graph.outputs = [number[index] for index in graph.outputs]
    for op in graph.ops:
        op.inputs = [number[index] for index in op.inputs]
        op.outputs = [number[index] for index in op.outputs]
        if op.kind == "RESHAPE":
            shape = graph.tensors[op.outputs[0]].shape
            op.options = options("ReshapeOptions", newShape=np.asarray(shape, np.int32))
