"""What the catalog says of guidelines G1 to G4, where the counted layers can show it."""

import re

import pytest

from _edgeship.models import zoo
from _edgeship.models.catalog.registry import CATALOG
from _edgeship.models.complexity import LayerCost
from _edgeship.models.counting import count_entry


def _convolutions(name: str) -> list[LayerCost]:
    """Return the convolutions of images, without those of squeeze-excite and classifiers."""
    layers = count_entry(zoo.spec(name)).layers
    return [row for row in layers if row.kind == "Conv2d" and row.input_shape[2:] != (1, 1)]


def _channels(row: LayerCost) -> tuple[int, int]:
    return row.input_shape[1], row.output_shape[1]


def _pointwise(name: str) -> list[LayerCost]:
    return [row for row in _convolutions(name) if row.bound is not None]


def _factors(name: str) -> list[float]:
    """Return by how much each 1x1 convolution multiplies its channels."""
    return [after / before for before, after in map(_channels, _pointwise(name))]


def _says(name: str, *beginnings: str) -> bool:
    """Whether the entry says something that begins so, for each of the beginnings."""
    lines = zoo.spec(name).guidelines
    return all(any(line.startswith(beginning) for line in lines) for beginning in beginnings)


def test_every_line_names_a_guideline_and_is_a_sentence() -> None:
    lines = {line for entry in CATALOG.values() for line in entry.guidelines}
    assert len(lines) > 20
    assert [line for line in lines if not re.fullmatch(r"G[1-4]: .*\.", line)] == []


@pytest.mark.parametrize("name", [*zoo.names("shufflenet_v2_x?_*"), "shufflenet_v2_50"])
def test_shufflenet_v2_meets_the_bound_in_every_unit_of_stride_1(name: str) -> None:
    inside = [row for row in _pointwise(name) if re.match(r"stages?\.?\d\.[1-9]", row.name)]
    assert len(inside) == 2 * (12 if name == "shufflenet_v2_50" else 13)
    assert {row.access_ratio for row in inside} == {1.0}
    assert _says(name, "G1: the 1x1 convolutions of a unit of stride 1 keep")
    assert {row.groups for row in _pointwise(name)} == {1}
    assert _says(name, "G2: the 1x1 convolutions have no groups")


@pytest.mark.parametrize("groups", [1, 3, 8])
def test_shufflenet_v1_narrows_and_has_groups(groups: int) -> None:
    name = f"shufflenet_v1_g{groups}_x1_0"
    rows = _pointwise(name)
    # The first of all has one group. Units of stride 1 come without their stages' first.
    assert {row.groups for row in rows[1:]} == {groups}
    inside = [row for row in rows if re.match(r"stage\d\.[1-9]", row.name)]
    assert {max(_channels(row)) / min(_channels(row)) for row in inside} == {4}
    assert min(row.access_ratio or 0 for row in inside) > 1.05
    assert _says(name, "G1: against it", "G4: against it")
    assert _says(name, "G2: against it") == (groups > 1)


@pytest.mark.parametrize("name", ["mobilenet_v2", "rexnet_x1_0", "rexnet_lite_x1_0"])
def test_inverted_bottlenecks_widen_to_six_times(name: str) -> None:
    widening = [factor for factor in _factors(name)[:-1] if factor > 1]
    assert len(widening) >= 15
    assert set(widening) == {6}
    assert _says(name, "G1: against it", "G4: against it")


def test_mobilenet_v1_keeps_or_doubles() -> None:
    factors = _factors("mobilenet_v1")
    assert (factors.count(1), factors.count(2), len(factors)) == (8, 5, 13)
    assert _says("mobilenet_v1", "G1: 8 of 13")


def test_most_of_plain_rexnets_convolutions_add_48_channels() -> None:
    rows = _pointwise("rexnet_plain")
    grown = [after - before for before, after in map(_channels, rows)]
    assert grown.count(48) > len(rows) / 2
    assert max(row.access_ratio or 0 for row in rows) < 1.16


@pytest.mark.parametrize("name", ["resnet_50", "se_resnet_50", "xception_like_x1_0"])
def test_bottlenecks_narrow_to_a_quarter(name: str) -> None:
    factors = _factors(name)
    assert factors.count(0.25) >= 10
    assert factors.count(4) >= 15
    assert _says(name, "G1: against it", "G4: against it")


def test_senet_narrows_to_half_and_has_64_groups() -> None:
    inside = [row for row in _convolutions("senet_154") if ".conv" in row.name]
    factors = {
        after / before
        for row in inside
        if row.bound is not None and ".0.conv" not in row.name
        for before, after in [_channels(row)]
    }
    assert factors == {0.5, 1}
    assert {row.groups for row in inside if row.bound is None} == {64}
    assert _says("senet_154", "G2: against it. The 3x3 convolutions have 64 groups")


def test_effnet_keeps_its_channels_behind_the_first_block() -> None:
    for name in ("effnet", "effnet_large"):
        assert set(_factors(name)[1:]) == {1}
        # Those that halve the width: (1, 2) kernels, without groups.
        halving = [
            after / before
            for row in _convolutions(name)
            if row.input_shape[3] == 2 * row.output_shape[3]
            for before, after in [_channels(row)]
        ]
        assert halving == [2, 2, 2]


def test_few_of_densenets_pointwise_convolutions_have_equal_widths() -> None:
    factors = _factors("densenet_like_x1_0")
    assert (factors.count(1), len(factors)) == (2, 19)


def test_a_deployed_repvgg_has_no_branches() -> None:
    """Each convolution reads what the one before gave; until then there are 1x1 beside 3x3."""
    rows = _convolutions("repvgg_a0_deployed")
    assert [row.input_shape for row in rows[1:]] == [row.output_shape for row in rows[:-1]]
    assert len(_convolutions("repvgg_a0")) == 2 * len(rows)
    assert _says("repvgg_a0", "G3: against it until it is deployed")
