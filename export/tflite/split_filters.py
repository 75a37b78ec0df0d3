"""A convolution whose outputs are cut into pieces writes the pieces itself.

Where nothing but slices of channels reads a convolution, its filters can be dealt out to several
convolutions, each of which writes what one slice would have copied. Each output channel is computed
from the same numbers as before, so nothing changes in float; in integers a piece may get a scale of
its own. What it costs is tiles that are no longer full, and one more operator: the split is chosen
that costs least (`movement_costs`), where one convolution for all channels is one of the choices.

Pieces that do not pay stay together in a last convolution, and are cut out of that. In ShuffleNet
V2, whose units read what the units before them computed in ever smaller pieces, 40 of 69 slices go
in int8. Each type has a layout of its own, and in float32 every convolution stays whole: the ten
slices that were worth it on arm64 saved 0.25 % of the instructions of ShuffleNet V2 1.0, and on
x86-64 its 1x1 convolutions took 3 % more time, the whole file 1.6 %.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from _edgeship.export.tflite.building.graph import Op, Tensor, TfliteGraph, options
from _edgeship.export.tflite.movement_costs import Kernels, convolution, cut
from _edgeship.export.tflite.peephole import remove_unused

#: Of more pieces, only the widest are candidates for convolutions of their own.
_MOST_CANDIDATES = 10

#: Channels from one position to another.
_Span = tuple[int, int]


@dataclass(frozen=True)
class _Cut:
    """A SLICE of channels, or a part of a SPLIT."""

    span: _Span
    op: Op
    output: int


def split_filters(graph: TfliteGraph, kernels: Sequence[Kernels]) -> dict[str, str]:
    """Split the convolutions for which that pays, in place.

    Args:
        graph: A graph in float.
        kernels: What it will be computed with; costs are added.

    Returns:
        Name of each new tensor -> name of the one that had its channels, and has gone.
    """
    readers: dict[int, list[Op]] = defaultdict(list)
    for op in graph.ops:
        for index in op.inputs:
            readers[index].append(op)
    bordered = {index for op in graph.ops if op.kind in ("PAD", "PADV2") for index in op.outputs}
    names: dict[str, str] = {}
    replaced: dict[int, list[Op]] = {}
    for op in graph.ops:
        if bordered & {*op.inputs}:
            continue  # XNNPACK computes a border with the only convolution that reads it
        cuts = _cuts(graph, op, readers)
        alone = _cheapest(graph, op, [one.span for one in cuts], kernels)
        if alone:
            replaced |= _split(graph, op, cuts, alone, names)
    if replaced:
        graph.ops = [new for op in graph.ops for new in replaced.get(id(op), [op])]
        remove_unused(graph)
    return names


def with_split_filters(graph: TfliteGraph, kernels: Kernels) -> TfliteGraph:
    """Return a copy of a graph, split as one type of kernels likes best; they share constants."""
    constants = {id(tensor.data): tensor.data for tensor in graph.tensors}
    graph = copy.deepcopy(graph, constants)
    split_filters(graph, (kernels,))
    return graph


def _cuts(graph: TfliteGraph, op: Op, readers: Mapping[int, list[Op]]) -> list[_Cut]:
    """Return the pieces that a convolution's output is cut into, or nothing if it is read whole."""
    if op.kind != "CONV_2D" or op.outputs[0] in graph.outputs:
        return []
    if graph.tensors[op.inputs[0]].shape[3] != graph.tensors[op.inputs[1]].shape[3]:
        return []  # it has groups
    found: list[_Cut] = []
    for reader in readers[op.outputs[0]]:
        cuts = spans(graph, reader, op.outputs[0])
        if not cuts:
            return []
        found += [_Cut(span, reader, at) for span, at in cuts]
    found.sort(key=lambda one: one.span)
    ends = [one.span[1] for one in found[:-1]]
    apart = all(end <= one.span[0] for end, one in zip(ends, found[1:], strict=True))
    return found if apart else []


def spans(graph: TfliteGraph, op: Op, source: int) -> list[tuple[tuple[int, int], int]]:
    """Return the channels that an operator copies from a tensor, and to which one.

    Args:
        graph: Where the operator is.
        op: Any operator.
        source: A tensor that it reads.

    Returns:
        For each copy the first channel and the one behind the last, and the tensor it is;
        nothing if the operator does something else.
    """
    shape = graph.tensors[source].shape
    if op.kind == "SPLIT":
        axis = graph.tensors[op.inputs[0]].data
        if axis is None or int(axis.reshape(-1)[0]) % len(shape) != len(shape) - 1:
            return []
        width = shape[-1] // len(op.outputs)
        return [((at * width, (at + 1) * width), out) for at, out in enumerate(op.outputs)]
    if op.kind != "SLICE":
        return []
    begin, size = (graph.tensors[index].data for index in op.inputs[1:])
    result = graph.tensors[op.outputs[0]].shape
    if begin is None or size is None or any(begin[:-1]) or result[:-1] != shape[:-1]:
        return []
    start = int(begin[-1])
    return [((start, start + result[-1]), op.outputs[0])]


def _cheapest(
    graph: TfliteGraph, op: Op, spans: Sequence[_Span], kernels: Sequence[Kernels]
) -> set[_Span]:
    """Return the pieces that are to have convolutions of their own."""
    if len(spans) < 2:
        return set()
    places = math.prod(graph.tensors[op.outputs[0]].shape[:3])
    inputs = math.prod(graph.tensors[op.inputs[1]].shape[1:])

    def cost(alone: Sequence[_Span]) -> float:
        widths = [end - start for start, end in alone]
        rest = [end - start for start, end in spans if (start, end) not in alone]
        together = [] if not rest else [sum(rest)]
        return sum(
            sum(convolution(each, places, inputs, width) for width in widths)
            + sum(convolution(each, places, inputs, n) for n in together)
            + sum(cut(each, places, width) for width in rest)
            for each in kernels
        )

    widest = sorted(spans, key=lambda span: (span[0] - span[1], span))[:_MOST_CANDIDATES]
    choices = [
        choice
        for count in range(len(widest) + 1)
        for choice in combinations(widest, count)
        # One that is left over has a convolution of its own as well.
        if len(spans) - count != 1
    ]
    best = min(choices, key=cost)
    return set(best)


def _split(
    graph: TfliteGraph,
    op: Op,
    cuts: Sequence[_Cut],
    alone: set[_Span],
    names: dict[str, str],
) -> dict[int, list[Op]]:
    """Return what takes the place of a convolution and of those who read it, by their identity."""
    replaced: dict[int, list[Op]] = {id(one.op): [] for one in cuts}
    whole = [one for one in cuts if one.span in alone]
    rest = [one for one in cuts if one.span not in alone]
    replaced[id(op)] = [_part(graph, op, range(*one.span), one.output) for one in whole]
    if not rest:
        return replaced
    picked = [channel for one in rest for channel in range(*one.span)]
    source = graph.tensors[op.outputs[0]]
    together = _like(graph, source, len(picked))
    names[graph.tensors[together].name] = source.name
    replaced[id(op)].append(_part(graph, op, picked, together))
    start = 0
    for one in rest:
        result = graph.tensors[one.output]
        begin = graph.constant("begin", np.array([0, 0, 0, start], np.int32))
        size = graph.constant("size", np.array(result.signature or result.shape, np.int32))
        opts = options("SliceOptions")
        replaced[id(one.op)].append(Op("SLICE", [together, begin, size], [one.output], opts))
        start += result.shape[3]
    return replaced


def _part(graph: TfliteGraph, op: Op, channels: Sequence[int], output: int) -> Op:
    """Return a convolution for some of the output channels."""

    def taken(index: int) -> int:
        tensor = graph.tensors[index]
        if tensor.data is None:
            raise ValueError(f"{tensor.name} is not a constant")
        return graph.constant(tensor.name, tensor.data[list(channels)])

    parameters = [taken(index) for index in op.inputs[1:]]
    return Op("CONV_2D", [op.inputs[0], *parameters], [output], copy.copy(op.options))


def _like(graph: TfliteGraph, source: Tensor, channels: int) -> int:
    """Add a tensor like another with another number of channels."""
    index = graph.tensor(f"{source.name}/pieces", (*source.shape[:3], channels), source.dtype)
    if source.signature is not None:
        graph.tensors[index].signature = (*source.signature[:3], channels)
    return index
