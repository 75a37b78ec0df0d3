from __future__ import annotations

import time

from _edgeship.export.graph.disjoint_sets import DisjointSets


def test_items_are_alone_until_they_are_joined() -> None:
    sets = DisjointSets[str]()
    assert sets.members("a") == ["a"]
    sets.join("b", "c")
    sets.join("c", "a")
    sets.join("d", "e")
    assert sets.members("a") == sets.members("b") == sets.members("c")
    assert sorted(sets.members("a")) == ["a", "b", "c"]
    assert [sorted(members) for members in sets.all()] == [["a", "b", "c"], ["d", "e"]]


def test_what_is_joined_already_stays_as_it_is() -> None:
    sets = DisjointSets[int]()
    for _ in range(2):
        sets.join(1, 2)
        sets.join(2, 1)
        sets.join(1, 1)
    assert sets.all() == [[1, 2]]


def test_one_item_stands_for_all_members_of_its_set() -> None:
    sets = DisjointSets[str]()
    sets.join("a", "b")
    sets.join("c", "d")
    assert [sets.root(item) for item in "abcd"] == ["a", "a", "c", "c"]
    sets.join("d", "a")
    assert {sets.root(item) for item in "abcd"} == {"c"}
    assert sets.root("e") == "e"


def test_sets_come_in_the_order_of_their_first_known_items() -> None:
    sets = DisjointSets[int]()
    for item in (3, 1, 2):
        sets.members(item)
    sets.join(2, 3)
    assert sets.all() == [[2, 3], [1]]


def test_long_chains_take_no_time_however_they_are_joined() -> None:
    """Each join of an item and a set, or of a set and an item, moves the item."""
    sets = DisjointSets[int]()
    count = 100_000
    start = time.process_time()
    for item in range(1, count):
        sets.join(item, item - 1)
    for item in range(count + 1, 2 * count):
        sets.join(item - 1, item)
    sets.join(2 * count - 1, 0)
    # 10^10 moves would take minutes.
    assert time.process_time() - start < 5
    assert len(sets.all()) == 1
    assert sets.members(7) == [*range(count, 2 * count), *reversed(range(count))]
