"""Samples at a place, of which as many are loaded as are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")

#: Samples that ways are tried on, and how many bytes of them: of 2,048 pixels each way, five.
_TRIED, _TRIED_BYTES = 16, 2**28


@dataclass(frozen=True)
class Source(Generic[Loaded]):
    """Samples that can be loaded one by one.

    Attributes:
        groups: What ``load`` takes for each sample. Samples that belong together, as those of one
            class do, are a group; groups are drawn from alike.
        load: Returns a sample, without a batch axis. Several threads may call it at once.
        words: Returns what the samples are, given how many of them are used.
        natural: Whether they stand for real data; False for noise.
    """

    groups: Sequence[Sequence[Any]]
    load: Callable[[Any], Loaded]
    words: Callable[[int], str]
    natural: bool = True

    @property
    def count(self) -> int:
        """How many samples there are."""
        return sum(len(group) for group in self.groups)

    def loaded(self, items: Sequence[Any]) -> list[Loaded]:
        """Load samples; reading pictures keeps all cores busy."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(self.load, items))


def select(groups: Sequence[Sequence[Item]], count: int) -> list[Item]:
    """Return ``count`` items, or all if there are fewer, from all groups as evenly as they allow.

    Of each group the items are spread evenly, from the first on.
    """
    amounts = shares([len(group) for group in groups], count)
    return [
        item
        for group, amount in zip(groups, amounts, strict=True)
        for item in evenly_spaced(group, amount)
    ]


def hold_out(groups: Sequence[Sequence[Item]], count: int) -> tuple[list[Item], list[list[Item]]]:
    """Take ``count`` items from all groups as evenly as they allow.

    Args:
        groups: The items.
        count: How many to take.

    Returns:
        The items taken, and the groups without them. Which are taken does not depend on how many
        of the others are used.
    """
    taken: list[Item] = []
    rest: list[list[Item]] = []
    amounts = shares([len(group) for group in groups], count)
    for group, amount in zip(groups, amounts, strict=True):
        # The second of each stretch, where it has two.
        first = int(len(group) >= 2 * amount)
        places = {index * len(group) // amount + first for index in range(amount)}
        taken += [group[place] for place in sorted(places)]
        rest.append([item for place, item in enumerate(group) if place not in places])
    return taken, rest


def shares(sizes: Sequence[int], count: int) -> list[int]:
    """Return how many items to take of groups of these sizes: alike, as far as they go.

    What is left over after all got the same is spread over the groups that have more.
    """
    count = min(count, sum(sizes))
    amounts = [0] * len(sizes)
    while count:
        open_ = [index for index, size in enumerate(sizes) if size > amounts[index]]
        more = min(count // len(open_), min(sizes[index] - amounts[index] for index in open_))
        if more == 0:
            open_, more = evenly_spaced(open_, count), 1
        for index in open_:
            amounts[index] += more
        count -= more * len(open_)
    return amounts


def evenly_spaced(items: Sequence[Item], limit: int) -> list[Item]:
    """Return all items, or ``limit`` of them spread evenly from the first on."""
    count = min(len(items), limit)
    return [items[index * len(items) // count] for index in range(count)]


def tried_on(samples: Sequence[Mapping[str, NDArray[Any]]]) -> list[Mapping[str, NDArray[Any]]]:
    """Return the calibration samples that one way is compared with another on: 16 at most.

    Large ones are fewer, since the outputs of both ways are kept for each.
    """
    size = sum(array.nbytes for array in samples[0].values()) if samples else 0
    return evenly_spaced(samples, max(min(_TRIED, _TRIED_BYTES // max(size, 1)), 1))
