from __future__ import annotations

from _edgeship.export.lowering.mixed import mixed_values


def mixed(outputs: str, made_of: dict[str, str], **widths: float) -> list[str]:
    return mixed_values(outputs, lambda v: list(made_of.get(v, "")), lambda v: widths[v])


def test_what_joins_far_ranges_is_found_with_what_is_moved_behind_it() -> None:
    made_of = {"y": "c", "c": "ab", "a": "p"}
    assert mixed("y", made_of, p=300.0, b=1.0) == ["y", "c"]
    assert mixed("y", made_of, p=3.9, b=1.0) == []


def test_a_join_of_near_ranges_inside_of_one_of_far_ones_stays() -> None:
    assert mixed("y", {"y": "cs", "c": "ab"}, a=300.0, b=200.0, s=1.0) == ["y"]


def test_joins_of_far_ranges_are_found_behind_one_of_near_ones() -> None:
    """Three levels of a pyramid, each of which joins boxes and scores."""
    made_of = {"y": "pqr", "p": "ab", "q": "ab", "r": "ab"}
    assert set(mixed("y", made_of, a=300.0, b=1.0)) == set("ypqr")


def test_what_was_zero_throughout_says_nothing() -> None:
    assert mixed("y", {"y": "ab"}, a=300.0, b=0.0) == []
    assert mixed("y", {"y": "ab"}, a=0.0, b=0.0) == []


def test_outputs_that_are_computed_are_none_of_them() -> None:
    assert mixed("yz", {}, y=1.0, z=300.0) == []
