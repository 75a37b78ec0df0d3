"""Which channel lies where: an order for every source that lets readers fetch runs of channels.

Two choices make the result cheap:

1. A source is sorted by who reads each channel. The channels that one reader wants lie together,
   and one Slice fetches them; in the order in which it wants them, if its own is pinned.
2. A reader takes its channels source by source, in the order in which they lie there, as one
   Concat of those slices; its weights absorb that order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import onnx_ir as ir

from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.channel_moves import Channel, Move
from _edgeship.export.passes.channel_orders import ChannelOrders

#: A reader may need this many slices for each source it draws from; a shuffle that nothing absorbs
#: would need one for each channel. Behind a shuffle that stays, whose result has the order of the
#: model, three units need three.
MOST_SLICES_PER_SOURCE = 2
MOST_BEHIND_SHUFFLES = 3

Order = list[int]
#: A run of channels: a source, the position of the first, and the position behind the last.
Piece = tuple[ir.Value, int, int]


@dataclass(frozen=True)
class Plan:
    """What to do to the graph.

    Attributes:
        orders: Root of a set of values -> which channel of the model lies at each position.
        assembled: Output of a move that something else reads -> the pieces that make it up.
    """

    orders: dict[ir.Value, Order]
    assembled: dict[ir.Value, list[Piece]]


def plan_orders(sets: ChannelOrders, moves: list[Move]) -> Plan:
    """Choose the orders for a graph whose channels are moved by ``moves`` and nothing else."""
    content = contents(moves)
    moving = {node for move in moves for node in move.nodes}
    read = [
        value
        for value in content
        if value.is_graph_output() or any(use.node not in moving for use in value.uses())
    ]
    orders = _choose_orders(sets, content, read)
    return Plan(orders, {value: _pieces(sets, orders, value, content[value]) for value in read})


def contents(
    moves: list[Move], sources: Collection[ir.Value] = ()
) -> dict[ir.Value, list[Channel]]:
    """Return what moves write: for each channel, which one it is of a value that no move writes.

    Args:
        moves: In execution order.
        sources: Values whose channels are not followed further.
    """
    content: dict[ir.Value, list[Channel]] = {}
    for move in moves:
        for value, channels in move.outputs.items():
            content[value] = [
                content[source][index]
                if source in content and source not in sources
                else (source, index)
                for source, index in channels
            ]
    return content


def _choose_orders(
    sets: ChannelOrders, content: dict[ir.Value, list[Channel]], read: list[ir.Value]
) -> dict[ir.Value, Order]:
    """Return the order of each set: by readers first, then as its own channels come in."""
    readers: dict[Channel, list[int]] = {}
    for number, value in enumerate(read):
        for source, index in content[value]:
            readers.setdefault((sets.root(source), index), []).append(number)
    arrivals = {sets.root(value): content[value] for value in reversed(read)}
    sizes = {root: len(channels) for root, channels in arrivals.items()}
    for value in read:
        for source, _ in content[value]:
            shape = static_shape(source)
            if shape is not None:
                sizes[sets.root(source)] = shape[1]
    pinned = sets.pinned_roots()
    asked: dict[Channel, int] = {}
    for value in read:
        if sets.root(value) in pinned:
            for place, (source, index) in enumerate(content[value]):
                asked.setdefault((sets.root(source), index), place)
    orders: dict[ir.Value, Order] = {}
    positions: dict[Channel, tuple[int, int]] = {}
    for number, root in enumerate(_sources_first(sets, sizes, arrivals)):
        channels = range(sizes[root])
        wanted = [
            (readers.get((root, channel), []), asked.get((root, channel), 0))
            for channel in channels
        ]
        orders[root] = (
            list(channels)
            if root in pinned
            else _sorted_channels(sets, wanted, arrivals.get(root), positions)
        )
        for place, channel in enumerate(orders[root]):
            positions[root, channel] = (number, place)
    return orders


def _sources_first(
    sets: ChannelOrders, sizes: dict[ir.Value, int], arrivals: dict[ir.Value, list[Channel]]
) -> list[ir.Value]:
    """Return the roots so that a set comes after those it is assembled from."""
    done: dict[ir.Value, None] = {}

    def visit(root: ir.Value, path: frozenset[ir.Value]) -> None:
        if root in done or root in path:
            return
        for source, _ in arrivals.get(root, []):
            visit(sets.root(source), path | {root})
        done[root] = None

    for root in sizes:
        visit(root, frozenset())
    return list(done)


def _sorted_channels(
    sets: ChannelOrders,
    wanted: list[tuple[list[int], int]],
    arrivals: list[Channel] | None,
    positions: dict[Channel, tuple[int, int]],
) -> Order:
    """Return the channels of one set in their best order.

    Args:
        sets: All sets.
        wanted: For each channel, the numbers of its readers, and its place in one whose order is
            pinned.
        arrivals: For each channel of an assembled set, the channel that it is.
        positions: Channels of sets already ordered -> (number of the set, position).
    """

    def key(channel: int) -> tuple[tuple[list[int], int], tuple[int, int]]:
        place = (0, channel)
        if arrivals is not None:
            source, index = arrivals[channel]
            place = positions.get((sets.root(source), index), place)
        return wanted[channel], place

    return sorted(range(len(wanted)), key=key)


def _pieces(
    sets: ChannelOrders, orders: dict[ir.Value, Order], value: ir.Value, channels: list[Channel]
) -> list[Piece]:
    """Return the runs of source channels that make up a value in its chosen order."""
    pieces: list[Piece] = []
    inverse = {
        root: {channel: place for place, channel in enumerate(orders[root])}
        for root in {sets.root(source) for source, _ in channels}
    }
    for channel in orders[sets.root(value)]:
        source, index = channels[channel]
        place = inverse[sets.root(source)][index]
        if pieces and pieces[-1][0] is source and pieces[-1][2] == place:
            pieces[-1] = (source, pieces[-1][1], place + 1)
        else:
            pieces.append((source, place, place + 1))
    return pieces


def scattered(plan: Plan, most: int = MOST_SLICES_PER_SOURCE) -> list[ir.Value]:
    """Return the values that would need more slices for each source than that."""
    return [
        value
        for value, pieces in plan.assembled.items()
        if len(pieces) > most * len({source for source, _, _ in pieces})
    ]
