"""Disjoint sets: items that must be treated alike, joined pair by pair (union-find)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class DisjointSets(Generic[Item]):
    """A partition of items into sets: each item belongs to exactly one set.

    An item becomes known when a method is first given it, and is then alone in its set. Sets and
    their items keep a fixed order, so the same calls in the same order give the same lists.
    """

    def __init__(self) -> None:
        self._sets: dict[Item, list[Item]] = {}

    def members(self, item: Item) -> list[Item]:
        """Return the set of an item; those of the second set of a `join` follow the first's."""
        return self._sets.setdefault(item, [item])

    def root(self, item: Item) -> Item:
        """Return the item that stands for the set of ``item``, the same one for all its members.

        A later `join` may change it.
        """
        return self.members(item)[0]

    def join(self, a: Item, b: Item) -> None:
        """Merge the set of ``b`` into that of ``a``."""
        first, second = self.members(a), self.members(b)
        if first is not second:
            first += second
            self._sets.update((item, first) for item in second)

    def all(self) -> list[list[Item]]:
        """Return all sets, in the order in which the first known item of each came."""
        return list({id(members): members for members in self._sets.values()}.values())
