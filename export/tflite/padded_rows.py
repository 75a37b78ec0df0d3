"""A border around an image is written row by row, where it would be written point by point.

XNNPACK's PAD copies what lies together in memory and has no border inside, which of an image with
a border at its sides are the channels of one point: about 100 instructions on arm64 for each. Seen
as rows of numbers (N, H, 1, W * C), the same image is copied a row at a time, and the RESHAPEs
around it cost nothing. 113 x 113 x 24 numbers took 1,448,000 instructions in float, 1,259,000 in
half precision and 1,247,000 in int8; by rows 390,000, 200,000 and 105,000.

With three axes, the same PAD is wrong on LiteRT's GPU accelerator for batches above 1.

A PAD in front of a convolution XNNPACK computes with it, so that it costs nothing, but not in half
precision: there it is an operator of its own, and those of ShuffleNet V2 were 17 % of all.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence

import numpy as np

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.tflite.building.graph import Array, Op, TfliteGraph, options

_PADS = ("PAD", "PADV2")
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def pad_rows(graph: TfliteGraph, *, convolutions: bool) -> None:
    """Write borders by rows, in place.

    Args:
        graph: Its batch may be open already.
        convolutions: Whether those in front of convolutions are written so, too.
    """
    fused = set() if convolutions else _fused(graph)
    kept: list[Op] = []
    for op in graph.ops:
        border = _border(graph, op) if op.kind in _PADS and op.outputs[0] not in fused else None
        kept += [op] if border is None else _by_rows(graph, op, border)
    graph.ops = kept


def by_rows(graph: TfliteGraph) -> TfliteGraph:
    """Return a copy of a graph in which all borders are written by rows; they share constants."""
    constants = {id(tensor.data): tensor.data for tensor in graph.tensors}
    graph = copy.deepcopy(graph, constants)
    pad_rows(graph, convolutions=True)
    return graph


def _fused(graph: TfliteGraph) -> set[int]:
    """Return the tensors that one convolution reads, and nobody else."""
    readers = Counter(index for op in graph.ops for index in op.inputs) + Counter(graph.outputs)
    kinds = {op.inputs[0]: op.kind for op in graph.ops if op.inputs}
    return {index for index, kind in kinds.items() if kind in _CONVOLUTIONS and readers[index] == 1}


def _border(graph: TfliteGraph, op: Op) -> Array | None:
    """Return the border of an image (N, H, W, C) that has one at its sides; else None."""
    border = graph.tensors[op.inputs[1]].data
    if border is None or border.shape != (4, 2):
        return None
    return border if border[2].any() and not border[0].any() and not border[3].any() else None


def _by_rows(graph: TfliteGraph, op: Op, border: Array) -> list[Op]:
    source, result = (graph.tensors[index] for index in (op.inputs[0], op.outputs[0]))
    joined, padded = (
        graph.tensor(f"{result.name}/{name}", _joined(tensor.shape), tensor.dtype)
        for name, tensor in (("rows", source), ("padded", result))
    )
    for index, tensor in ((joined, source), (padded, result)):
        if tensor.signature is not None:
            graph.tensors[index].signature = _joined(tensor.signature)
    channels = source.shape[3]
    amounts = np.array([*border[:2], (0, 0), border[2] * channels], np.int32)
    inputs = [joined, graph.constant("paddings", amounts), *op.inputs[2:]]
    return [
        _reshape(graph, op.inputs[0], joined),
        Op(op.kind, inputs, [padded], op.options),
        _reshape(graph, padded, op.outputs[0]),
    ]


def _joined(shape: Sequence[int]) -> Shape:
    return (*shape[:2], 1, shape[2] * shape[3])


def _reshape(graph: TfliteGraph, source: int, result: int) -> Op:
    tensor = graph.tensors[result]
    shape = np.asarray(tensor.shape if tensor.signature is None else tensor.signature, np.int32)
    inputs = [source, graph.constant("shape", shape)]
    return Op("RESHAPE", inputs, [result], options("ReshapeOptions", newShape=shape))
