"""Disjoint sets: items that must be treated alike, joined pair by pair (union-find)."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class DisjointSets(Generic[Item]):
    """A partition of items into sets: each item belongs to exactly one set.

    An item becomes known when a method is first given it, and is then alone in its set. Sets and
    their items keep a fixed order, so the same calls in the same order give the same lists. Of two
    sets the smaller one is moved, to the front or to the end of the other: n joins move each item
    log2(n) times at most.
    """

    def __init__(self) -> None:
        self._sets: dict[Item, deque[Item]] = {}

    def members(self, item: Item) -> list[Item]:
        """Return the set of an item; those of the second set of a `join` follow the first's."""
        return list(self._set(item))

    def root(self, item: Item) -> Item:
        """Return the item that stands for the set of ``item``, the same one for all its members.

        A later `join` may change it.
        """
        return self._set(item)[0]

    def join(self, a: Item, b: Item) -> None:
        """Merge the set of ``b`` into that of ``a``."""
        first, second = self._set(a), self._set(b)
        if first is second:
            return
        if len(first) >= len(second):
            moved, kept = second, first
            first.extend(second)
        else:
            moved, kept = first, second
            second.extendleft(reversed(first))
        self._sets.update((item, kept) for item in moved)

    def all(self) -> list[list[Item]]:
        """Return all sets, in the order in which the first known item of each came."""
        found = {id(members): members for members in self._sets.values()}
        return [list(members) for members in found.values()]

    def _set(self, item: Item) -> deque[Item]:
        return self._sets.setdefault(item, deque([item]))
