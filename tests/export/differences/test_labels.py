"""Names of classes: what was added, removed and moved."""

from __future__ import annotations

import random

import pytest

from _edgeship.export.differences.labels import label_changes

NAMES = tuple("abcdefgh")


def told(before: tuple[str, ...], after: tuple[str, ...]) -> dict[str, tuple[object, object]]:
    return {
        one.what.removeprefix("scores: "): (one.before, one.after)
        for one in label_changes("scores", before, after)
    }


def test_equal_names_are_no_change() -> None:
    assert told(NAMES, NAMES) == {}
    assert told((), ()) == {}


def test_added_and_removed_names_and_another_order() -> None:
    assert told(("a", "b", "c"), ("a", "b", "c", "d")) == {"added": (None, "d")}
    assert told(("a", "b", "c"), ("a", "c")) == {"removed": ("b", None)}
    assert told(("a", "b", "c"), ("a", "c", "b")) == {"order, 2 places, first 1": ("b", "c")}
    assert told(("a", "b"), ("c", "b")) == {"removed": ("a", None), "added": (None, "c")}
    assert told((), ("a", "b")) == {"classes": (None, "a, b")}
    assert told(("a", "b"), ()) == {"classes": ("a, b", None)}


def test_many_names_are_counted() -> None:
    assert told((), NAMES)["classes"] == (None, "a, b, c, d, e and 3 more")


@pytest.mark.parametrize("seed", range(30))
def test_any_other_list_is_told_and_concerns_the_app(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311
    before = tuple(chosen.sample(NAMES, chosen.randint(1, 8)))
    after = tuple(chosen.sample(NAMES, chosen.randint(1, 8)))
    found = label_changes("scores", before, after)
    assert bool(found) == (before != after)
    assert all(one.app for one in found)


def test_a_name_that_comes_twice_is_not_overlooked() -> None:
    assert told(("a", "a", "b"), ("a", "b", "b"))
    assert told(("a", "b"), ("a", "b", "a"))
