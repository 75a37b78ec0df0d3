"""The guidelines: what breaks one, what mends it, and where a block begins and ends."""

from __future__ import annotations

import math

import pytest

from _edgeship.export.advice import roofline
from _edgeship.export.advice.advice import advise
from _edgeship.export.advice.blocks import blocks
from _edgeship.export.advice.findings import EXCESS, balanced, find, ungrouped
from _edgeship.export.advice.steps import Convolution, NetworkSteps
from _edgeship.models.catalog.registry import CATALOG
from _edgeship.models.complexity import access_bound
from tests.export.advice.graphs import Nodes, names


def _pointwise(c1: int, c2: int, groups: int = 1, side: int = 56) -> Convolution:
    return Convolution(c1, c2, groups, (1, 1), (1, 1), (1, 1), side * side, side * side)


@pytest.mark.parametrize("name", [name for name in CATALOG if name.startswith("probe_g1_")])
def test_the_mend_of_a_row_of_table_1_is_its_first_row(name: str) -> None:
    """The catalog has the paper's channels: equal mult-adds, in the ratio 1:1."""
    arguments = CATALOG[name].arguments
    first, _, scale = name.partition("_1to")
    scale = scale.partition("_")[2]
    wanted = CATALOG["_".join([f"{first}_1to1", *([scale] if scale else [])])].arguments["c1"]
    mend = balanced(_pointwise(arguments["c1"], arguments["c2"]))
    # The paper rounded the channels of the other rows down.
    assert mend.in_channels == mend.out_channels
    assert 0.96 * wanted <= mend.in_channels <= wanted


@pytest.mark.parametrize("name", [name for name in CATALOG if name.startswith("probe_g2_")])
def test_the_mend_of_a_row_of_table_2_is_its_first_row(name: str) -> None:
    arguments = CATALOG[name].arguments
    groups = arguments["groups"]
    first = name.replace(f"_{groups}groups", "_1groups")
    channels = arguments["channels"]
    mend = ungrouped(_pointwise(channels, channels, groups))
    assert mend.in_channels == pytest.approx(CATALOG[first].arguments["channels"], rel=0.02)


def test_a_balanced_convolution_meets_the_bound() -> None:
    there = _pointwise(9, 144)
    mend = balanced(there)
    assert (mend.in_channels, mend.mult_adds) == (36, there.mult_adds)
    assert mend.memory_access == access_bound(there.mult_adds, there.places_in)
    grouped = balanced(_pointwise(24, 240, 3))
    assert grouped.in_channels == grouped.out_channels == 75  # 75.9, in threes


def _breaks(c1: int, c2: int, groups: int = 1, side: int = 56) -> list[str]:
    nodes = Nodes(1, c1, side, side).conv("x", "stem", c1, c1, 3, c1)
    nodes.conv("stem", "y", c1, c2, 1, groups)
    network = nodes.network("y")
    return [finding.guideline for finding in find(network, blocks(network.steps))]


def test_which_convolutions_break_g1_and_g2() -> None:
    assert _breaks(32, 32) == []
    assert _breaks(22, 44) == []  # 1.06 times the bound
    assert _breaks(13, 78) == ["G1"]
    assert _breaks(78, 13) == ["G1"]
    assert _breaks(13, 78, side=1) == []  # the weights are all that is moved
    assert _breaks(64, 64, 8) == ["G2"]
    assert sorted(_breaks(16, 128, 8)) == ["G1", "G2"]
    assert _breaks(64, 64, 64) == []  # depthwise counts with the element-wise ones


def test_a_finding_of_g1_says_what_the_mend_saves() -> None:
    network = Nodes(1, 13, 56, 56).conv("x", "a", 13, 13).conv("a", "y", 13, 78).network("y")
    [finding] = find(network, blocks(network.steps))
    there, mend = _pointwise(13, 78), _pointwise(31, 31)
    assert finding.layer == "y"
    assert finding.avoidable == there.memory_access - mend.memory_access
    assert there.memory_access > EXCESS * mend.memory_access
    saving = 1 - mend.memory_access / there.memory_access
    assert f"31 -> 31 channels: {saving:.0%} less memory access" in finding.mend
    assert "mult-adds -5.2%" in finding.mend  # 31 * 31 against 13 * 78
    assert finding.what == "13 -> 78 channels, 1:6"


def test_the_channels_of_the_input_cannot_be_mended() -> None:
    network = Nodes(1, 3, 56, 56).conv("x", "y", 3, 32).network("y")
    assert find(network, blocks(network.steps)) == ()


def _parallel(fragments: int, between: str = "") -> NetworkSteps:
    """Return a block of Table 3: convolutions beside each other, then added up."""
    nodes = Nodes(1, 8, 14, 14).conv("x", "stem", 8, 8)
    for index in range(fragments):
        nodes.conv("stem", f"f{index}", 8, 8)
        if between:
            nodes.node(between, f"f{index}", f"g{index}")
    names = [f"{'g' if between else 'f'}{index}" for index in range(fragments)]
    total = names[0]
    for index, name in enumerate(names[1:]):
        nodes.node("Add", f"{total} {name}", f"sum{index}")
        total = f"sum{index}"
    return nodes.conv(total, "y", 8, 8).network("y")


@pytest.mark.parametrize("fragments", [2, 4])
def test_parallel_convolutions_that_are_only_added_are_one(fragments: int) -> None:
    network = _parallel(fragments)
    found = blocks(network.steps)
    assert [block.branches for block in found] == [1, fragments, 1]
    [finding] = find(network, found)
    assert (finding.guideline, finding.layer) == ("G3", "f0")
    assert "sum of their weights" in finding.mend
    values, weights = 8 * 14 * 14, 64
    convolutions = (fragments - 1) * (2 * values + weights)
    assert finding.avoidable == convolutions + (fragments - 1) * 3 * values


def test_parallel_convolutions_with_sigmoids_between_are_read_together() -> None:
    network = _parallel(3, "Sigmoid")
    found = find(network, blocks(network.steps))
    [merging] = [finding for finding in found if finding.guideline == "G3"]
    assert "then split" in merging.mend
    assert merging.avoidable == 2 * 8 * 14 * 14
    # The additions stay, and are element-wise, as are the sigmoids.
    kinds = [finding.what.partition(",")[0] for finding in found if finding.guideline == "G4"]
    assert sorted(kinds) == ["Add", "Add", "Sigmoid", "Sigmoid", "Sigmoid"]


def test_unlike_branches_break_g3_from_three_on() -> None:
    def network(branches: int) -> NetworkSteps:
        nodes = Nodes(1, 8, 14, 14).conv("x", "stem", 8, 8)
        for index in range(branches):
            nodes.conv("stem", f"b.{index}", 8, 8, 2 * index + 1)
        inputs = " ".join(f"b.{index}" for index in range(branches))
        return nodes.node("Concat", inputs, "y", axis=1).network("y")

    assert find(network(2), blocks(network(2).steps)) == ()
    [finding] = find(network(3), blocks(network(3).steps))
    assert (finding.guideline, finding.layer, finding.avoidable) == ("G3", "b", None)
    assert "3 operators side by side, 3 in the block" in finding.what


def test_a_dilated_branch_does_not_merge() -> None:
    nodes = Nodes(1, 8, 14, 14).conv("x", "a", 8, 8, 3)
    nodes.constant("b.weight", [[[[1.0] * 3] * 3] * 8] * 8)
    nodes.node("Conv", "x b.weight", "b", pads=[2] * 4, dilations=[2, 2])
    network = nodes.node("Concat", "a b", "y", axis=1).network("y")
    assert find(network, blocks(network.steps)) == ()


def test_blocks_end_where_everything_flows_through_one_value() -> None:
    """A stem, a unit with a shortcut around two layers, a unit that splits, a head."""
    nodes = Nodes(1, 8, 14, 14).conv("x", "stem", 8, 8)
    nodes.conv("stem", "u.a", 8, 8).conv("u.a", "u.b", 8, 8).node("Add", "u.b stem", "sum")
    nodes.node("Split", "sum", "left right", axis=1, num_outputs=2)
    nodes.conv("right", "v.a", 4, 4).node("Concat", "left v.a", "cat", axis=1)
    found = blocks(nodes.conv("cat", "head", 8, 8).network("head").steps)
    assert [(block.name, block.fragments, block.branches) for block in found] == [
        ("stem", 1, 1), ("u", 2, 1), ("v.a", 1, 1), ("head", 1, 1),
    ]  # fmt: skip
    assert names(found[1].steps) == ["u.a", "u.b", "n_sum"]


def test_an_input_that_is_read_again_keeps_a_block_open() -> None:
    nodes = Nodes(1, 8, 14, 14).conv("x", "a", 8, 8).conv("a", "b", 8, 8).node("Add", "b x", "y")
    [block] = blocks(nodes.network("y").steps)
    assert (block.fragments, block.branches) == (2, 1)


def test_element_wise_steps_are_named_with_what_could_replace_them() -> None:
    nodes = Nodes(1, 8, 14, 14).conv("x", "a", 8, 8).node("HardSwish", "a", "b")
    nodes.conv("b", "c", 8, 8).node("Add", "c b", "d").node("Relu", "d", "e")
    nodes.conv("e", "f", 8, 8).node("Concat", "f e", "g", axis=1).node("Relu", "g", "h")
    nodes.constant("half", 0.5).node("Mul", "h half", "y")
    network = nodes.network("y")
    advice = advise(network)
    mends = {finding.layer: finding.mend for finding in advice.findings}
    assert set(mends) == {"n_b", "n_d", "n_h", "n_y"}  # the ReLU behind the Add is fused
    assert "ReLU" in mends["n_b"]
    assert "concatenate" in mends["n_d"]
    assert "directly behind a convolution" in mends["n_h"]
    assert advice.fused_clamps == 1
    moved = 2 * 8 + 3 * 8 + 2 * 16 + 2 * 16  # channels of b, d, h, y
    assert advice.shares["element-wise"] == pytest.approx(moved * 196 / network.memory_access)
    assert sum(advice.shares.values()) == pytest.approx(1)


def test_a_value_times_its_own_sigmoid_is_an_activation_and_times_another_a_scaling() -> None:
    nodes = Nodes(1, 8, 14, 14).conv("x", "a", 8, 8).node("Sigmoid", "a", "b")
    nodes.node("Mul", "a b", "silu").conv("silu", "c", 8, 8).node("Sigmoid", "c", "gate")
    network = nodes.node("Mul", "silu gate", "y").network("y")
    mends = {f.layer: f.mend for f in find(network, blocks(network.steps))}
    assert mends["n_silu"] == mends["n_b"]
    assert "ReLU" in mends["n_silu"]
    assert "scaling" in mends["n_y"]


def test_the_roofline() -> None:
    network = Nodes(1, 8, 10, 10).conv("x", "a", 8, 8, 3, 8).conv("a", "y", 8, 8).network("y")
    depthwise, pointwise = network.steps
    access = 100 * 16 + 72
    assert roofline.intensity(depthwise) == 7200 / (4 * access)
    assert roofline.attainable(depthwise, 2.0) == 7200 / (4 * access) / 2
    assert roofline.modelled_time(depthwise, 2.0) == 8 * access  # it waits for memory
    slow, fast = roofline.modelled_time(pointwise, 100.0), roofline.modelled_time(pointwise, 0.1)
    assert (slow, fast) == (400 * (1600 + 64), pointwise.mult_adds)
    advice = advise(network, balance=0.5)
    assert roofline.attainable(pointwise, 0.5) == 1
    assert math.isclose(sum(layer.modelled for layer in advice.layers), 1)
    assert advice.memory_bound == 0  # 1.08 mult-adds per byte
    assert advise(network, balance=1.1).memory_bound == 1
    assert [layer.bound for layer in advice.layers] == [None, access_bound(6400, 100)]
