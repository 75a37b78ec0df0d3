"""Shuffles of a long stage whose units add their input to their result: one stays for a few.

Behind three units of a stage the channels' origins repeat after eight, behind two after four: an
origin is what computed a channel, and what had computed the one at that place before. So the value
there is made of runs of channels, one for each origin, from which a shuffle takes them in turn.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.passes.channel_exits import Part, Run, Turned
from _edgeship.export.passes.channel_moves import Channel, Move
from _edgeship.export.passes.channel_orders import ChannelOrders
from _edgeship.export.passes.channel_plan import contents

#: Of a stage whose shuffles would not all be absorbed, so many are made one.
_UNITS_PER_SHUFFLE = (3, 2)

#: The most groups that one shuffle takes channels from in turn: three shuffles of two groups.
_LONGEST_PERIOD = 8


def turns_of(groups: Iterable[tuple[list[Move], ChannelOrders]]) -> dict[ir.Value, list[Part]]:
    """Return every third or second shuffled value of long stages, put in order by one shuffle.

    Args:
        groups: Moves that read each other's outputs, in execution order, and their sets.

    Returns:
        Value -> its parts.
    """
    found: dict[ir.Value, list[Part]] = {}
    for group, sets in groups:
        shuffled = [value for move in group if move.permutes for value in move.outputs]
        for every in _UNITS_PER_SHUFFLE:
            # What the last few do, the readers behind them absorb.
            turns = shuffled[every - 1 : -1 : every]
            came_from = contents(group, turns)
            arrivals = {sets.root(v): came_from[v] for v in came_from if v not in turns}
            periods = [_period(sets, arrivals, came_from[value]) for value in turns]
            if turns and all(periods):
                for value, period in zip(turns, periods, strict=True):
                    found[value] = [_turned(shape_of(value)[1], period)]
                break
    return found


def _period(
    sets: ChannelOrders, arrivals: dict[ir.Value, list[Channel]], channels: list[Channel]
) -> int:
    """Return after how many channels a value begins again with the same origins; 0 if too many.

    An origin is what has computed a channel, and what had computed the one at that place before.

    Args:
        sets: The sets of values with a common order.
        arrivals: Root of a set that moves assemble -> where its channels are from.
        channels: Those of the value.
    """

    def origin(channel: Channel, depth: int) -> tuple[ir.Value, ...]:
        source, index = channel
        before = arrivals.get(sets.root(source))
        if before is None or depth == 0:
            return (source,)
        return (source, *origin(before[index], depth - 1))

    origins = [origin(channel, max(_UNITS_PER_SHUFFLE)) for channel in channels]
    for period in range(2, _LONGEST_PERIOD + 1):
        if len(origins) % period == 0 and origins == origins[:period] * (len(origins) // period):
            return period
    return 0


def _turned(width: int, period: int) -> Turned:
    return Turned(tuple(Run(tuple(range(at, width, period))) for at in range(period)), width)
