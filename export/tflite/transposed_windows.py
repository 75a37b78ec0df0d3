"""Transposed convolutions that LiteRT's GPU accelerator gets wrong cut their border off afterwards.

With SAME, that accelerator cuts half of the border off in front, rounded up where TFLite rounds
down, and anything where a stride is above 2. VALID and a SLICE are right. They cost the CPU 1.05 to
1.09 of the operator's instructions on arm64, so that they are written only where a file is made for
the GPU.
"""

from __future__ import annotations

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


def _cuts(graph: TfliteGraph, op: Op) -> list[tuple[int, int, int]]:
    """Return of both axes the stride, the full extent, and how much of it SAME cuts off."""
    _, kernel, source = (graph.tensors[index].shape for index in op.inputs[:3])
    result = graph.tensors[op.outputs[0]].shape
    found = []
    for axis, stride in ((1, op.options.strideH), (2, op.options.strideW)):
        full = (source[axis] - 1) * stride + kernel[axis]
        found.append((stride, full, max(full - result[axis], 0)))
    return found


def _is_wrong(graph: TfliteGraph, op: Op) -> bool:
    if op.kind != "TRANSPOSE_CONV" or op.options.padding != schema.Padding.SAME:
        return False
    return any(stride > 2 or (stride == 2 and cut % 2) for stride, _, cut in _cuts(graph, op))


def _with_slice(graph: TfliteGraph, op: Op) -> list[Op]:
    result = graph.tensors[op.outputs[0]]
    cuts = _cuts(graph, op)
    extents = [
        max(full, cut // 2 + extent)
        for (_, full, cut), extent in zip(cuts, result.shape[1:3], strict=True)
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
    begin = graph.constant("begin", np.array([0, *(cut // 2 for *_, cut in cuts), 0], np.int32))
    size = graph.constant("size", np.array(result.shape, np.int32))
    return [
        Op(op.kind, inputs, [whole], opts),
        Op("SLICE", [whole, begin, size], list(op.outputs), options("SliceOptions")),
    ]
