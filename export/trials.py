"""The smallest of ever larger sets that is good enough, found by trying few of them.

Twice as many members are tried each time, until a set is good enough, and then sets between that
and the last that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """What a file does on the samples that layers are chosen on.

    Attributes:
        good: Whether it is as good as was asked for, with a margin for samples of other luck.
        enough: Whether it is without the margin.
        score: Higher is better.
        words: What it does.
    """

    good: bool
    enough: bool
    score: float
    words: str


def search(
    sets: Sequence[frozenset[str]], trial: Callable[[Collection[str]], Trial]
) -> tuple[frozenset[str], Trial]:
    """Return the first of ever larger sets that is good, as doubling and bisecting find it.

    Returns:
        The set and what it does; the best that was tried, if none is good.
    """
    tried: dict[int, Trial] = {}

    def good(place: int) -> bool:
        if place not in tried:
            tried[place] = trial(sets[place])
        return tried[place].good

    low, high, last = -1, 0, len(sets) - 1
    while not good(high):
        if high == last:
            best = max(tried, key=lambda place: (tried[place].score, -place))
            return sets[best], tried[best]
        low, high = high, min(max(1, 2 * high), last)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return sets[high], tried[high]
