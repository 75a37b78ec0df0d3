"""Which ports of two files are the same, and what callers notice."""

from __future__ import annotations

import random

import pytest

from _edgeship.export.differences.ports import PortFacts, match, port_changes, ports_of

KINDS = ("1x3", "1x10", "1x4x4x3")


def port(name: str, shape: str = "1x3", dtype: str = "float32", **known: str) -> PortFacts:
    return PortFacts(name, {"shape": shape, "type": dtype, **known})


def changed(before: list[PortFacts], after: list[PortFacts]) -> list[str]:
    found = port_changes("outputs", before, after, match(before, after))
    return [one.what for one in found]


def test_a_port_of_another_name_at_the_same_place_and_of_the_same_kind_is_renamed() -> None:
    before, after = [port("a"), port("b")], [port("a"), port("c")]
    [change] = port_changes("outputs", before, after, match(before, after))
    assert (change.what, change.before, change.after) == ("b: name", "b", "c")
    assert change.app == "call the output c where it said b"


def test_a_port_of_another_kind_is_another_one() -> None:
    assert changed([port("a"), port("b")], [port("a"), port("c", "1x9")]) == [
        "b: removed",
        "c: added",
    ]
    assert changed([port("a")], [port("b", dtype="int8")]) == ["a: removed", "b: added"]


def test_an_added_output_disturbs_nobody_and_an_added_input_must_be_given() -> None:
    before, after = [port("a")], [port("a"), port("b")]
    matched = match(before, after)
    [output] = port_changes("outputs", before, after, matched)
    [input_] = port_changes("inputs", before, after, matched)
    assert (output.what, output.app) == ("b: added", "")
    assert (input_.what, input_.app) == ("b: added", "give the new input b")


def test_names_that_changed_places_are_another_order() -> None:
    before, after = [port("a"), port("b")], [port("b"), port("a")]
    [change] = port_changes("inputs", before, after, match(before, after))
    assert (change.what, change.before, change.after) == ("order", ["a", "b"], ["b", "a"])
    assert change.app


@pytest.mark.parametrize(
    ("field", "old", "new", "concerns"),
    [
        ("shape", "1x3", "1x5", True),
        ("type", "float32", "int8", True),
        ("axes", "NHWC", "NCHW", True),
        ("quantization", "scale 0.5, zero point 1", "scale 0.25, zero point 1", True),
        ("colours", "", "RGB", True),
        ("scores", "logits", "probabilities", True),
        ("description", "one", "two", False),
    ],
)
def test_each_property_is_told_under_its_name(
    field: str, old: str, new: str, concerns: bool
) -> None:
    usual = {"shape": "1x3", "type": "float32"}
    before, after = ([PortFacts("a", {**usual, field: each})] for each in (old, new))
    [change] = port_changes("inputs", before, after, match(before, after))
    assert change.what == f"a: {field}"
    assert (change.before or "", change.after) == (old, new)
    assert bool(change.app) == concerns


def test_what_only_one_side_knows_is_no_change() -> None:
    assert changed([port("a", axes="NHWC")], [port("a")]) == []


@pytest.mark.parametrize("seed", range(50))
def test_random_ports_are_found_again(seed: int) -> None:
    """Whatever is renamed, all ports keep their places; whatever is moved, none is lost."""
    chosen = random.Random(seed)  # noqa: S311
    before = [port(f"p{n}", chosen.choice(KINDS)) for n in range(chosen.randint(1, 6))]
    assert changed(before, before) == []

    renamed = {n for n in range(len(before)) if chosen.random() < 0.5}
    after = [
        PortFacts(f"new{n}", one.known) if n in renamed else one for n, one in enumerate(before)
    ]
    assert match(before, after).pairs == tuple((n, n) for n in range(len(before)))
    assert changed(before, after) == [f"p{n}: name" for n in sorted(renamed)]

    moved = before[:]
    chosen.shuffle(moved)
    matched = match(before, moved)
    assert all(before[old] == moved[new] for old, new in matched.pairs)
    assert len(matched.pairs) == len(before)
    assert changed(before, moved) == ([] if moved == before else ["order"])


def test_all_formats_tell_names_shapes_and_types() -> None:
    facts = {
        "inputs": [
            {"name": "x", "shape": (1, 4), "dtype": "int8", "scale": 0.5, "zero_point": -1},
            {"name": "y", "shape": "1xN", "dtype": "float"},
            {"name": "z", "shape": [1, 3, 8, 8], "dtype": "image", "image": {"color": "BGR"}},
        ]
    }
    x, y, z = ports_of("inputs", None, facts)
    assert x.known == {"shape": "1x4", "type": "int8", "quantization": "scale 0.5, zero point -1"}
    assert y.known == {"shape": "1xN", "type": "float32"}
    assert (z.known["type"], z.known["axes"]) == ("image", "BGR")
