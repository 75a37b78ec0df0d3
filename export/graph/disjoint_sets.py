"""Disjoint sets: things that must be treated alike, joined pair by pair."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class DisjointSets(Generic[Item]):
    """Sets that no two share an item; an item asked for is a set of its own at first.

    Items keep the order in which they came, so that the same joins give the same lists.
    """

    def __init__(self) -> None:
        self._sets: dict[Item, list[Item]] = {}

    def members(self, item: Item) -> list[Item]:
        """Return the set of an item."""
        return self._sets.setdefault(item, [item])

    def join(self, a: Item, b: Item) -> None:
        """Make one set of those of two items."""
        first, second = self.members(a), self.members(b)
        if first is not second:
            first += second
            self._sets.update((item, first) for item in second)

    def all(self) -> list[list[Item]]:
        """Return all sets, by the first item asked for."""
        return list({id(members): members for members in self._sets.values()}.values())
