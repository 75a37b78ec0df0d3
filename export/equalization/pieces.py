"""A network cut into pieces, whose later ones may be changed by what the earlier ones computed.

What one piece computes and a later one reads is kept for each sample, so that each operator runs at
most twice, however many pieces there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

Value = TypeVar("Value", int, str)

#: How many bytes of all samples together may be kept between two pieces.
_KEPT_BYTES = 1e9


@dataclass(frozen=True)
class Piece(Generic[Value]):
    """Operators that follow one another.

    Attributes:
        first: Place of the first operator.
        last: Place behind the last.
        reads: Values that it reads and does not compute.
        keeps: Values that it computes and later pieces read.
        looks: Values that it was made for.
        needed: All that later pieces read of what is there after it.
    """

    first: int
    last: int
    reads: Sequence[Value]
    keeps: Sequence[Value]
    looks: Sequence[Value]
    needed: frozenset[Value]

    @property
    def results(self) -> list[Value]:
        """What it is to return."""
        return sorted(set(self.keeps) | set(self.looks))

    def forget(self, known: dict[Value, NDArray[Any]]) -> None:
        """Take out what no later piece reads, in place.

        Values that are looked at are computed again, by operators that may then be others.
        """
        for value in known.keys() - (self.needed - set(self.looks)):
            del known[value]


def pieces_for(
    reads: Sequence[frozenset[Value]],
    writes: Sequence[frozenset[Value]],
    groups: Sequence[Sequence[Value]],
) -> list[Piece[Value]]:
    """Return one piece for each group of values that are looked at.

    A piece ends with the operators of its group, and the next one starts with them again: they may
    have been changed when their results were looked at.

    Args:
        reads: For each operator, in the order in which they run, what it reads but constants.
        writes: For each operator, what it computes.
        groups: Values; those of a group are computed before those of the next.
    """
    makers = {value: place for place, values in enumerate(writes) for value in values}
    later: list[frozenset[Value]] = [frozenset()]
    for each in reversed(reads):
        later.append(later[-1] | each)
    later.reverse()
    pieces, done = [], 0
    for group in groups:
        start = min(makers[value] for value in group)
        last = max(makers[value] for value in group) + 1
        made = _all(writes[done:last])
        piece = Piece(
            first=done,
            last=last,
            reads=sorted(_all(reads[done:last]) - made),
            keeps=sorted(_all(writes[done:start]) & later[start]),
            looks=list(group),
            needed=later[start],
        )
        pieces.append(piece)
        done = start
    return pieces


def affordable(
    pieces: Sequence[Piece[Value]],
    sizes: Sequence[int],
    bytes_of: Callable[[Value], int],
    numbers: float,
) -> int:
    """Return on how many samples pieces are run at most.

    Args:
        pieces: All of a network.
        sizes: How many numbers each operator computes.
        bytes_of: How many bytes a value takes.
        numbers: How many numbers all runs may compute.
    """
    computed = sum(sum(sizes[piece.first : piece.last]) for piece in pieces)
    most, kept = 0, frozenset[Value]()
    for piece in pieces:
        kept = (kept | frozenset(piece.reads) | frozenset(piece.keeps)) & piece.needed
        most = max(most, sum(bytes_of(value) for value in kept))
    return int(min(numbers / max(computed, 1), _KEPT_BYTES / max(most, 1)))


def _all(sets: Iterable[frozenset[Value]]) -> frozenset[Value]:
    return frozenset().union(*sets)
