"""Transposed convolutions that LiteRT's GPU accelerator gets wrong cut their border off afterwards.

With SAME, that accelerator cuts off in front what a convolution of the input would pad there, which
is not always half of what is to be cut off. VALID and a SLICE are right. They cost the CPU 1.05 to
1.09 of the operator's instructions on arm64, so that they are written only where a file is made for
the GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options


def wrong_on_gpu(graph: TfliteGraph) -> list[Op]:
    """Return the transposed convolutions that the accelerator computes wrong."""
    return [op for op in graph.ops if _is_wrong(graph, op)]


def cut_afterwards(graph: TfliteGraph) -> None:
    """Write them with VALID and a SLICE, in place."""
    wrong = {id(op) for op in wrong_on_gpu(graph)}
    kept: list[Op] = []
    for op in graph.ops:
        kept += _with_slice(graph, op) if id(op) in wrong else [op]
    graph.ops = kept


@dataclass(frozen=True)
class _Axis:
    """One axis of a transposed convolution with SAME.

    Attributes:
        full: Its extent before anything is cut off.
        cut: How much TFLite cuts off in front.
        cut_by_gpu: How much the accelerator does.
    """

    full: int
    cut: int
    cut_by_gpu: int


def _axes(graph: TfliteGraph, op: Op) -> list[_Axis]:
    _, kernel, source = (graph.tensors[index].shape for index in op.inputs[:3])
    result = graph.tensors[op.outputs[0]].shape
    found = []
    for axis, stride in ((1, op.options.strideH), (2, op.options.strideW)):
        full = (source[axis] - 1) * stride + kernel[axis]
        windows = -(-source[axis] // stride)
        padded = max((windows - 1) * stride + kernel[axis] - source[axis], 0)
        found.append(_Axis(full, max(full - result[axis], 0) // 2, padded // 2))
    return found


def _is_wrong(graph: TfliteGraph, op: Op) -> bool:
    if op.kind != "TRANSPOSE_CONV" or op.options.padding != schema.Padding.SAME:
        return False
    return any(axis.cut != axis.cut_by_gpu for axis in _axes(graph, op))


def _with_slice(graph: TfliteGraph, op: Op) -> list[Op]:
    result = graph.tensors[op.outputs[0]]
    axes = _axes(graph, op)
    extents = [
        max(axis.full, axis.cut + extent)
        for axis, extent in zip(axes, result.shape[1:3], strict=True)
    ]
    shape = (result.shape[0], *extents, result.shape[3])
    whole = graph.tensor(f"{result.name}/full", shape, result.dtype)
    inputs = [graph.constant("shape", np.array(shape, np.int32)), *op.inputs[1:]]
    opts = options(
        "TransposeConvOptions",
        padding=schema.Padding.VALID,
        strideH=op.options.strideH,
        strideW=op.options.strideW,
        fusedActivationFunction=op.options.fusedActivationFunction,
    )
    begin = graph.constant("begin", np.array([0, *(axis.cut for axis in axes), 0], np.int32))
    size = graph.constant("size", np.array(result.shape, np.int32))
    return [
        Op(op.kind, inputs, [whole], opts),
        Op("SLICE", [whole, begin, size], list(op.outputs), options("SliceOptions")),
    ]
