"""A convolution reads a tensor whole, with weights of zero, where a slice of it would cost more.

A SLICE of channels costs instructions at each place, however few channels it takes: in 8 bits as
many as 29 further inputs of 16 outputs. So a slice that only convolutions read, directly or through
concatenations, gives way to what it is cut from where that costs less (`movement_costs`), and the
convolutions get weights of zero for the channels that they do not want.

That is exact for integers. In float a channel that nobody wanted could be infinite, and infinity
times zero is no number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from _edgeship.export.tflite.building.graph import Op, TfliteGraph
from _edgeship.export.tflite.movement_costs import Kernels, convolution, copied, cut
from _edgeship.export.tflite.peephole import remove_unused
from _edgeship.export.tflite.split_filters import spans

_Readers = dict[int, list[Op]]


@dataclass
class _Way:
    """Where the channels of a tensor go.

    Attributes:
        joints: The concatenations that they go through.
        windows: The convolutions at the end, and the place of the first channel among its inputs.
    """

    joints: list[Op] = field(default_factory=list)
    windows: list[tuple[Op, int]] = field(default_factory=list)

    def meets(self) -> bool:
        """Return whether the channels come to one operator twice."""
        ops = [id(op) for op in (*self.joints, *(window for window, _ in self.windows))]
        return len(set(ops)) < len(ops)


def read_whole(graph: TfliteGraph, kernels: Kernels) -> dict[str, str]:
    """Take out the slices for which that pays, in place.

    Args:
        graph: A graph in float, which is to be computed in integers.
        kernels: What it will be computed with.

    Returns:
        Name of each new tensor -> name of the one that had part of its channels, and has gone.
    """
    readers: _Readers = defaultdict(list)
    for op in graph.ops:
        for index in op.inputs:
            readers[index].append(op)
    names: dict[str, str] = {}
    bypassed = False
    for op in graph.ops:
        source = op.inputs[0]
        for (start, end), piece in spans(graph, op, source) if op.kind == "SLICE" else []:
            further = graph.tensors[source].shape[-1] - (end - start)
            way = _way(graph, readers, piece, 0)
            if way is None or way.meets() or _saved(graph, way, piece, further, kernels) <= 0:
                continue
            for reader in readers[piece]:
                reader.inputs = [source if index == piece else index for index in reader.inputs]
            readers[source] += readers.pop(piece)
            for joint in way.joints:
                _widen(graph, readers, joint, further, names)
            for window, place in way.windows:
                _give_zeros(graph, window, place, (start, end), further)
            bypassed = True
    if bypassed:
        remove_unused(graph)
    return names


def _way(graph: TfliteGraph, readers: _Readers, index: int, place: int) -> _Way | None:
    """Return where a tensor's channels go; None if anything but convolutions wants them."""
    found = _Way()
    if index in graph.outputs or not readers[index]:
        return None
    for op in readers[index]:
        if (
            op.kind == "CONCATENATION"
            and _joins_channels(graph, op)
            and op.inputs.count(index) == 1
        ):
            before = op.inputs[: op.inputs.index(index)]
            ahead = sum(graph.tensors[one].shape[-1] for one in before)
            further = _way(graph, readers, op.outputs[0], place + ahead)
            if further is None:
                return None
            found.joints += [op, *further.joints]
            found.windows += further.windows
        elif op.kind == "CONV_2D" and op.inputs[0] == index and _is_dense(graph, op):
            found.windows.append((op, place))
        else:
            return None
    return found


def _joins_channels(graph: TfliteGraph, op: Op) -> bool:
    if op.kind != "CONCATENATION":
        return False
    rank = len(graph.tensors[op.outputs[0]].shape)
    return int(op.options.axis) % rank == rank - 1


def _is_dense(graph: TfliteGraph, op: Op) -> bool:
    weights = graph.tensors[op.inputs[1]]
    return weights.data is not None and weights.shape[3] == graph.tensors[op.inputs[0]].shape[3]


def _saved(graph: TfliteGraph, way: _Way, piece: int, further: int, kernels: Kernels) -> float:
    """Return the instructions saved by reading so many channels more than a slice has."""
    *space, channels = graph.tensors[piece].shape
    places = math.prod(space)
    cost = len(way.joints) * copied(kernels, places, further)
    for window, _ in way.windows:
        outputs, *_, inputs = graph.tensors[window.inputs[1]].shape
        taps = math.prod(graph.tensors[window.inputs[1]].shape[1:3])
        written = math.prod(graph.tensors[window.outputs[0]].shape[:3])
        before, after = (
            convolution(kernels, written, taps * count, outputs)
            for count in (inputs, inputs + further)
        )
        cost += after - before
    return cut(kernels, places, channels) - cost


def _widen(
    graph: TfliteGraph, readers: _Readers, joint: Op, further: int, names: dict[str, str]
) -> None:
    """Let a concatenation write a tensor with so many channels more."""
    [old] = joint.outputs
    before = graph.tensors[old]
    name = names.pop(before.name, before.name)

    def wider(shape: Sequence[int]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] + further)

    new = graph.tensor(f"{name}/whole", wider(before.shape), before.dtype)
    if before.signature is not None:
        graph.tensors[new] = replace(graph.tensors[new], signature=wider(before.signature))
    names[graph.tensors[new].name] = name
    joint.outputs = [new]
    readers[new] = readers.pop(old)
    for op in readers[new]:
        op.inputs = [new if index == old else index for index in op.inputs]


def _give_zeros(
    graph: TfliteGraph, window: Op, place: int, span: tuple[int, int], further: int
) -> None:
    """Give a convolution weights of zero around those of some of its input channels."""
    start, end = span
    tensor = graph.tensors[window.inputs[1]]
    if tensor.data is None:
        raise ValueError(f"{tensor.name} is not a constant")
    own = end - start
    zeros = np.zeros((*tensor.shape[:3], further), tensor.dtype)
    parts = np.split(tensor.data, [place, place + own], axis=3)
    wide = np.concatenate(
        [parts[0], zeros[..., :start], parts[1], zeros[..., start:], parts[2]], axis=3
    )
    window.inputs = [window.inputs[0], graph.constant(tensor.name, wide), *window.inputs[2:]]
