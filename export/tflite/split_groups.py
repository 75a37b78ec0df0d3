"""Grouped convolutions that LiteRT's GPU accelerator gets wrong become one for each group.

Where four does not divide the inputs or the outputs of a group, that accelerator computes wrong or
ends the process, in every type. In 8 bits it computes all 1x1 groups but the first wrong. Slices, a
convolution for each group, and their concatenation are right. They cost the CPU 1.03 to 1.24 of the
convolution's instructions on arm64, so that they are written only where a file is made for the GPU.
"""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options
from _edgeship.export.tflite.peephole import remove_unused

#: What the accelerator's kernels work on at once.
_LANES = 4


def wrong_on_gpu(graph: TfliteGraph, in_8_bits: bool) -> list[Op]:
    """Return the grouped convolutions that the accelerator computes wrong.

    Args:
        graph: The graph.
        in_8_bits: Whether a file with weights of 8 bits is made of it.
    """
    return [op for op in graph.ops if _is_wrong(graph, op, in_8_bits)]


def split_groups(graph: TfliteGraph, in_8_bits: bool) -> None:
    """Write them as a convolution for each group, in place."""
    wrong = {id(op) for op in wrong_on_gpu(graph, in_8_bits)}
    kept: list[Op] = []
    for op in graph.ops:
        kept += _split(graph, op) if id(op) in wrong else [op]
    graph.ops = kept
    _join(graph)
    remove_unused(graph)


def _join(graph: TfliteGraph) -> None:
    """Let a CONCATENATION read the parts of those that it alone reads.

    It saves a copy, and XNNPACK fails on some files with one in another.
    """
    readers = Counter(index for op in graph.ops for index in op.inputs)
    joints = {op.outputs[0]: op for op in graph.ops if op.kind == "CONCATENATION"}
    for op in joints.values():
        parts: list[int] = []
        for index in op.inputs:
            inner = joints.get(index)
            alone = readers[index] == 1 and index not in graph.outputs
            if inner is not None and alone and _is_plain_joint(inner, op):
                parts += inner.inputs
            else:
                parts.append(index)
        op.inputs = parts


def _is_plain_joint(inner: Op, outer: Op) -> bool:
    same_axis = inner.options.axis == outer.options.axis
    return bool(same_axis and not inner.options.fusedActivationFunction)


def _groups(graph: TfliteGraph, op: Op) -> int:
    return graph.tensors[op.inputs[0]].shape[3] // graph.tensors[op.inputs[1]].shape[3]


def _is_wrong(graph: TfliteGraph, op: Op, in_8_bits: bool) -> bool:
    if op.kind != "CONV_2D" or (groups := _groups(graph, op)) == 1:
        return False
    outputs, height, width, inputs = graph.tensors[op.inputs[1]].shape
    uneven = inputs % _LANES != 0 or outputs // groups % _LANES != 0
    return uneven or (in_8_bits and (height, width) == (1, 1))


def _split(graph: TfliteGraph, op: Op) -> list[Op]:
    groups = _groups(graph, op)
    weights, bias = (graph.tensors[index] for index in op.inputs[1:3])
    source, result = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    assert weights.data is not None  # noqa: S101  (the lowering of Conv takes constants only)
    assert bias.data is not None  # noqa: S101
    ops: list[Op] = []
    parts: list[int] = []
    for number, (filters, offset) in enumerate(
        zip(np.split(weights.data, groups), np.split(bias.data, groups), strict=True)
    ):
        inputs, outputs = filters.shape[3], filters.shape[0]
        taken = _like(graph, op.inputs[0], f"{source.name}/group", inputs)
        begin = graph.constant("begin", np.array([0, 0, 0, number * inputs], np.int32))
        size = graph.constant("size", np.array([*source.shape[:3], inputs], np.int32))
        ops.append(Op("SLICE", [op.inputs[0], begin, size], [taken], options("SliceOptions")))
        part = _like(graph, op.outputs[0], f"{result.name}/group", outputs)
        kernel = graph.constant(weights.name, filters)
        own = graph.constant(bias.name, offset)
        ops.append(Op("CONV_2D", [taken, kernel, own], [part], copy.copy(op.options)))
        parts.append(part)
    joined = options("ConcatenationOptions", axis=3)
    return [*ops, Op("CONCATENATION", parts, list(op.outputs), joined)]


def _like(graph: TfliteGraph, tensor: int, name: str, channels: int) -> int:
    """Add a tensor like another with another number of channels."""
    like = graph.tensors[tensor]
    return graph.tensor(name, (*like.shape[:3], channels), like.dtype)
