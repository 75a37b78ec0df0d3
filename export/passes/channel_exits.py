"""A value in the order of the network, as at an output, while the order before it is free.

Shuffles in front of an output, one behind another, interleave ever more channels: those of the
last source come in turn with all others, among which those of the source before come in turn with
the rest, and so on. So what several shuffles of the whole width do is done at the output by
shuffles of the width, of half of it, of a quarter: at most twice the width in all, where each unit
of a ShuffleNet V2 stage would shuffle the whole width. What a shuffle takes from one source is a
run of channels there, and so one slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.passes.channel_moves import Channel
from _edgeship.export.passes.new_shuffles import interleave, shuffle_channels
from _edgeship.export.passes.new_values import NewValues

#: Channels that lie in so few runs are joined as they lie.
_FEW_RUNS = 2


@dataclass(frozen=True)
class Run:
    """Channels of one source, by their positions in the output."""

    positions: tuple[int, ...]


@dataclass(frozen=True)
class Interleaved:
    """Two or four groups from which channels are taken in turn.

    Attributes:
        parts: Joined they are the groups: of four, those of the places 0, 2, 1, and 3, so that
            the places of odd numbers lie together.
        width: How many channels there are.
        groups: How many groups, 2 or 4.
    """

    parts: tuple[Run | Interleaved | Turned, ...]
    width: int
    groups: int


@dataclass(frozen=True)
class Turned:
    """Groups from which channels are taken in turn.

    Attributes:
        parts: The groups, of the same width.
        width: How many channels there are in all.
    """

    parts: tuple[Run, ...]
    width: int


Part = Run | Interleaved | Turned


def interleaving(channels: list[Channel]) -> list[Part]:
    """Return the parts that joined give these channels in this order."""
    return _parts([source for source, _ in channels], list(range(len(channels))))


def _parts(sources: list[ir.Value], positions: list[int]) -> list[Part]:
    runs: list[list[int]] = []
    for position in positions:
        if runs and sources[runs[-1][-1]] is sources[position]:
            runs[-1].append(position)
        else:
            runs.append([position])
    if len(runs) <= _FEW_RUNS:
        return [Run(tuple(run)) for run in runs]
    if len(positions) % 2:
        return _parts(sources, positions[:-1]) + _parts(sources, positions[-1:])
    if len(positions) % 4:
        halves = _parts(sources, positions[0::2]) + _parts(sources, positions[1::2])
        return [Interleaved(tuple(halves), len(positions), 2)]
    groups = [
        *_parts(sources, positions[0::4]),
        *_parts(sources, positions[2::4]),
        *_parts(sources, positions[1::4] + positions[3::4]),
    ]
    return [Interleaved(tuple(groups), len(positions), 4)]


def shuffled_width(parts: list[Part]) -> int:
    """Return how many channels are shuffled in all."""
    return sum(
        part.width + shuffled_width(list(part.parts))
        for part in parts
        if isinstance(part, Interleaved | Turned)
    )


class Exits:
    """New operators that put outputs in order, while nothing else depends on these outputs."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._outputs = list(graph.outputs)
        self._readers: list[tuple[ir.Node, int, ir.Value]] = []
        self._pairs: list[tuple[ir.Value, ir.Value]] = []
        #: What puts channels in order, and is no move to be absorbed.
        self.nodes: list[ir.Node] = []
        #: What takes runs of channels, which is absorbed.
        self.gathers: list[ir.Node] = []

    def add(self, output: ir.Value, parts: list[Part]) -> None:
        """Give the graph an output assembled from ``parts`` in place of ``output``.

        All that read the old one read the new one, which must be written in any case.
        """
        readers = list(output.uses())
        before = set(self._graph)
        new = NewValues(self._graph)
        value = self._joined(new, output, parts)
        self.nodes += [n for n in self._graph if n not in before and n.op_type != "Gather"]
        self.gathers += [n for n in self._graph if n not in before and n.op_type == "Gather"]
        value.shape, value.type = output.shape, output.type
        self._graph.outputs[:] = [value if each is output else each for each in self._graph.outputs]
        self._pairs.append((output, value))
        for use in readers:
            use.node.replace_input_with(use.idx, value)
        self._readers += [(use.node, use.idx, output) for use in readers]

    def keep(self) -> None:
        """Give the new outputs the names of the old ones."""
        for old, value in self._pairs:
            name, old.name = old.name, f"{old.name}_inside"
            value.name = name

    def withdraw(self) -> None:
        """Leave the graph as it was."""
        self._graph.outputs[:] = self._outputs
        for node, index, output in self._readers:
            node.replace_input_with(index, output)
        self._graph.remove([*self.nodes, *self.gathers], safe=True)

    def _joined(self, new: NewValues, output: ir.Value, parts: list[Part]) -> ir.Value:
        values = [self._written(new, output, part) for part in parts]
        if len(values) == 1:
            return values[0]
        width = sum(shape_of(value)[1] for value in values)
        return _typed(new, ir.node("Concat", values, {"axis": 1}), output, width, "joined")

    def _written(self, new: NewValues, output: ir.Value, part: Part) -> ir.Value:
        if isinstance(part, Interleaved):
            groups = self._joined(new, output, list(part.parts))
            return interleave(new, groups, part.groups, f"{output.name}_{part.width}")
        if isinstance(part, Turned):
            groups = self._joined(new, output, list(part.parts))
            return shuffle_channels(new, groups, len(part.parts), f"{output.name}_turned")
        picked = new.constant(f"{output.name}_positions", np.array(part.positions, np.int64))
        node = ir.node("Gather", [output, picked], {"axis": 1})
        return _typed(new, node, output, len(part.positions), "run")


def _typed(new: NewValues, node: ir.Node, like: ir.Value, width: int, word: str) -> ir.Value:
    value = new.result(node, f"{like.name}_{word}", like)
    batch, _, *space = shape_of(like)
    value.shape = ir.Shape((batch, width, *space))
    return value
