"""Operators in an order in which the fewest bytes of activations are alive at once.

Runtimes keep the order of the file, and what is computed long before it is read takes memory all
the while. A graph falls apart where one tensor alone is read behind an operator: no order of the
whole is better than the best orders of the parts, unless an output that is ready could have waited.
In a part the best order is searched for among the sets of operators that can have run (a path in
the graph of these sets whose highest point is lowest, by Dijkstra's algorithm); parts that take
more than `MOST_STEPS` stay as they are. So do all parts that need no more than the largest operator
of any, which no order can change, and the whole graph where nothing is gained.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from _edgeship.export.tflite.building.graph import Op, TfliteGraph

#: Sets of operators of one part that are looked at, times its tensors: about a third of a second.
MOST_STEPS = 2_000_000


@dataclass(frozen=True)
class _Part:
    """Operators between two places behind which one tensor alone is read.

    Attributes:
        ops: The operators, in an order in which they can run.
        sizes: Tensor -> bytes, of the activations that they read and write, and of the outputs of
            the file that are ready.
        lasting: Tensors that are still needed behind the part.
    """

    ops: Sequence[Op]
    sizes: dict[int, int]
    lasting: frozenset[int]


def shorten_lives(graph: TfliteGraph) -> int:
    """Bring the operators into an order with the smallest peak that is found, in place.

    Returns:
        By how many bytes the peak fell.
    """
    parts = _parts(graph)
    before = [_peak(part, part.ops) for part in parts]
    floor = max((_step(part, op) for part in parts for op in part.ops), default=0)
    after = list(before)
    ops: list[Op] = []
    for number, part in enumerate(parts):
        order = list(part.ops)
        if before[number] > floor:
            order = _best(part, before[number]) or order
            after[number] = _peak(part, order)
        ops += order
    saved = max(before, default=0) - max(after, default=0)
    if saved:
        graph.ops = ops
    return saved


def _parts(graph: TfliteGraph) -> list[_Part]:
    """Cut a graph behind every operator whose result alone is read behind it."""
    sizes = {
        index: math.prod(tensor.shape) * tensor.dtype.itemsize
        for index, tensor in enumerate(graph.tensors)
        if tensor.data is None
    }
    last = {index: place for place, op in enumerate(graph.ops) for index in op.inputs}
    made, given = set(graph.inputs), set(graph.outputs)
    parts, start, held = [], 0, made & given
    for place, op in enumerate(graph.ops):
        made.update(op.outputs)
        read = {index for index in made if last.get(index, -1) > place}
        if len(read) <= 1 or place == len(graph.ops) - 1:
            ops = graph.ops[start : place + 1]
            named = {index for one in ops for index in (*one.inputs, *one.outputs)}
            own = {index: sizes[index] for index in sorted(named & sizes.keys() | held)}
            held = made & given
            parts.append(_Part(ops, own, frozenset(read | held)))
            start = place + 1
    return parts


def _step(part: _Part, op: Op) -> int:
    """Return what an operator reads and writes, in bytes."""
    return sum(part.sizes.get(index, 0) for index in {*op.inputs, *op.outputs})


def _peak(part: _Part, ops: Sequence[Op]) -> int:
    """Return the most bytes that are alive at one operator of a part that runs in an order."""
    written = {index for op in ops for index in op.outputs}
    alive = part.sizes.keys() - written
    readers = {index: sum(index in op.inputs for op in ops) for index in part.sizes}
    peak = 0
    for op in ops:
        alive = alive | set(op.outputs)
        peak = max(peak, sum(part.sizes[index] for index in alive))
        for index in part.sizes.keys() & set(op.inputs):
            readers[index] -= 1
        alive = {i for i in alive if readers[i] > 0 or i in part.lasting}
    return peak


def _best(part: _Part, limit: int) -> list[Op] | None:
    """Return the order of a part with the smallest peak, None if none below a limit is found."""
    search = _Search(part)
    done = (1 << len(part.ops)) - 1
    best = {0: 0}
    alive = {0: search.alive_before}
    ready = {0: search.ready_first}
    waiting: list[tuple[int, tuple[int, ...], int]] = [(0, (), 0)]
    while waiting and len(best) * len(part.sizes) <= MOST_STEPS:
        peak, order, ran = heapq.heappop(waiting)
        if ran == done:
            return [part.ops[place] for place in order]
        if peak > best[ran]:
            continue
        for place in _places(ready[ran]):
            during = alive[ran] + search.written[place]
            higher = max(peak, during)
            following = ran | 1 << place
            if higher < limit and higher < best.get(following, limit):
                best[following] = higher
                alive[following] = during - search.bytes_done(following, place)
                ready[following] = search.ready_behind(ready[ran], following, place)
                heapq.heappush(waiting, (higher, (*order, place), following))
    return None


class _Search:
    """What is alive when a set of a part's operators has run; sets are bits of a number.

    Attributes:
        alive_before: Bytes that are alive before the first operator runs.
        ready_first: The operators that can run then.
        written: Of each operator, the bytes of its results.
    """

    def __init__(self, part: _Part) -> None:
        makers = {index: place for place, op in enumerate(part.ops) for index in op.outputs}
        self._needs = [
            sum(1 << place for place in {makers[index] for index in op.inputs if index in makers})
            for op in part.ops
        ]
        self.ready_first = sum(1 << place for place, needs in enumerate(self._needs) if not needs)
        self._following = [
            [place for place, needs in enumerate(self._needs) if needs & 1 << maker]
            for maker in range(len(part.ops))
        ]
        readers = dict.fromkeys(part.sizes, 0)
        for place, op in enumerate(part.ops):
            for index in readers.keys() & set(op.inputs):
                readers[index] |= 1 << place
        self.alive_before = sum(
            size
            for index, size in part.sizes.items()
            if index not in makers and (index in part.lasting or readers[index])
        )
        self.written = [
            sum(part.sizes.get(index, 0) for index in set(op.outputs)) for op in part.ops
        ]
        self._ending = [
            [
                (readers[index], part.sizes[index])
                for index in part.sizes.keys() & {*op.inputs, *op.outputs}
                if index not in part.lasting
            ]
            for op in part.ops
        ]

    def ready_behind(self, ready: int, ran: int, place: int) -> int:
        """Return which operators can run, of those that could when an operator ran last of a set.

        Args:
            ready: Those that could.
            ran: The set.
            place: The operator.
        """
        ready ^= 1 << place
        for following in self._following[place]:
            if not self._needs[following] & ~ran:
                ready |= 1 << following
        return ready

    def bytes_done(self, ran: int, place: int) -> int:
        """Return what nothing reads any more when an operator has run last of a set."""
        return sum(size for readers, size in self._ending[place] if not readers & ~ran)


def _places(operators: int) -> Iterator[int]:
    """Yield the places of a set of operators, in the order of the file."""
    while operators:
        lowest = operators & -operators
        yield lowest.bit_length() - 1
        operators ^= lowest
