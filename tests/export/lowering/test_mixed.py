from __future__ import annotations

import numpy as np

from _edgeship.export.lowering.mixed import mixed_values, uneven


def mixed(
    outputs: str,
    made_of: dict[str, str],
    scaled: dict[str, tuple[str, bool]] | None = None,
    **widths: float,
) -> list[str]:
    return mixed_values(
        outputs,
        lambda v: list(made_of.get(v, "")),
        lambda v: widths[v],
        lambda v: (scaled or {}).get(v, (None, False)),
    )


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


def test_what_is_made_of_a_join_and_a_constant_is_found_as_well() -> None:
    made_of, scaled = {"c": "ab"}, {"y": ("c", False)}
    assert mixed("y", made_of, scaled, a=300.0, b=1.0) == ["y", "c"]
    assert mixed("y", made_of, scaled, a=2.0, b=1.0) == []


def test_a_constant_may_give_parts_of_one_value_different_sizes() -> None:
    assert mixed("z", {"z": "y"}, {"y": ("a", True)}, a=1.0, y=300.0) == ["z", "y"]
    assert uneven(np.array([320.0, 320.0, 0.0, 1.0]))
    assert not uneven(np.array([58.0, -57.0, 0.0, 40.0]))
    assert not uneven(np.zeros(3))


def test_joins_of_joins_take_no_longer_than_there_are_values() -> None:
    made_of = {f"{k}": [f"{k - 1}"] * 2 for k in range(1, 60)}
    assert mixed_values(["59"], lambda v: made_of.get(v, []), lambda v: 1.0) == []
