"""A concatenation of many tensors is written as several of few, which XNNPACK takes.

XNNPACK takes a CONCATENATION of up to five. What it leaves to LiteRT's own kernel costs a third
more for each tensor and place, and takes the graph apart: in ShuffleNet V2 four of them made five
partitions. So the narrowest neighbours are joined first, and what is joined is one of the few. They
are copied twice, which is weighed (`movement_costs`).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np

from _edgeship.export.tflite.building.graph import Op, TfliteGraph
from _edgeship.export.tflite.movement_costs import FLOAT32, MOST_JOINED, joint

#: The first of some neighbours that are joined, and the one behind the last.
_Run = tuple[int, int]


def nest_joints(graph: TfliteGraph) -> None:
    """Write them so, in place, where that costs less."""
    graph.ops = [new for op in graph.ops for new in _nested(graph, op)]


def _nested(graph: TfliteGraph, op: Op) -> list[Op]:
    tensors = [graph.tensors[index] for index in op.inputs]
    if op.kind != "CONCATENATION" or len(tensors) <= MOST_JOINED:
        return [op]
    if any(one.data is not None or one.dtype != np.float32 for one in tensors):
        return [op]  # XNNPACK leaves these anyway
    shape = graph.tensors[op.outputs[0]].shape
    axis = int(op.options.axis) % len(shape)
    places, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    widths = [inner * one.shape[axis] for one in tensors]
    runs = _runs(widths)
    cost = 0.0
    for start, end in runs:
        cost += joint(FLOAT32, places, widths[start:end])
        widths[start:end] = [sum(widths[start:end])]
    apart = cost < joint(FLOAT32, places, [inner * one.shape[axis] for one in tensors])
    return _written(graph, op, axis, runs) if apart else [op]


def _runs(widths: Sequence[int]) -> list[_Run]:
    """Return which neighbours to join, one run after another, each in what the last has left."""
    left, runs = list(widths), []
    while len(left) > MOST_JOINED:
        count = min(MOST_JOINED, len(left) - MOST_JOINED + 1)
        start = min(range(len(left) - count + 1), key=lambda at: sum(left[at : at + count]))
        runs.append((start, start + count))
        left[start : start + count] = [sum(left[start : start + count])]
    return [*runs, (0, len(left))]


def _written(graph: TfliteGraph, op: Op, axis: int, runs: Sequence[_Run]) -> list[Op]:
    result = graph.tensors[op.outputs[0]]
    left, written = list(op.inputs), []
    for start, end in runs[:-1]:
        extent = sum(graph.tensors[index].shape[axis] for index in left[start:end])
        shapes = [
            (*shape[:axis], extent, *shape[axis + 1 :])
            for shape in (result.shape, result.signature)
            if shape is not None
        ]
        joined = graph.tensor(f"{result.name}/some", shapes[0], result.dtype)
        graph.tensors[joined].signature = shapes[1] if len(shapes) > 1 else None
        written.append(Op(op.kind, left[start:end], [joined], copy.copy(op.options)))
        left[start:end] = [joined]
    return [*written, Op(op.kind, left, list(op.outputs), op.options)]
