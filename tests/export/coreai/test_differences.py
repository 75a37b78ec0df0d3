"""What changed between two .aimodel folders: a network with one line that is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.export.coreai.file import open_asset
from _edgeship.export.coreai.format.asset import asset_of, write_asset
from _edgeship.export.coreai.lowering import lower
from _edgeship.export.coreai.sheets import sheets
from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.facts import fact_changes
from tests.export.onnx.graphs import graph, node, normal

SHAPES = {"x": (1, 4, 6, 6)}


def _shipped(folder: Path, activation: str, scale: float) -> Shipped:
    """A network with an activation between two layers, the second of which has scaled weights."""
    nodes = [
        node("Conv", "x first", "a"),
        node(activation, "a", "b"),
        node("Conv", "b second", "c"),
        node("Flatten", "c", "y"),
    ]
    weights = {"first": normal(4, 4, 3, 3), "second": scale * normal(3, 4, 3, 3)}
    program = lower(graph(nodes, SHAPES, {"y": (1, 12)}, weights)).program
    path = folder / f"{activation}_{scale}.aimodel"
    write_asset(asset_of(program, {"license": "MIT", "note": "one"}), path)
    return Shipped(path, path.name, "coreai", open_asset(path), None)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    return _shipped(tmp_path_factory.mktemp("before"), "Relu", 1.0)


def test_another_activation_is_told_and_no_weight(before: Shipped, tmp_path: Path) -> None:
    # HardSwish brings operators and constants of its own, and moves the places of all behind it.
    found = fact_changes(before, _shipped(tmp_path, "HardSwish", 1.0))
    told = {one.what: (one.before, one.after) for one in found if one.topic == "operators"}
    assert told["broadcasting_mul"] == (None, 2)
    assert all(was is None for was, _ in told.values())
    [weights] = [one for one in found if one.topic == "weights"]
    share, _, _ = str(weights.after).partition(" %")
    assert float(share) < 2  # three numbers of its own


def test_other_weights_are_told_and_no_operator(before: Shipped, tmp_path: Path) -> None:
    found = fact_changes(before, _shipped(tmp_path, "Relu", 2.0))
    assert [one.topic for one in found] == ["weights"]
    assert ", in 1 of " in str(found[0].after)


def test_the_size_is_a_number_and_metadata_lie_side_by_side(before: Shipped) -> None:
    facts = before.model.facts()
    assert facts["package_bytes"] == sum(facts["file_bytes"].values())
    assert facts["metadata"]["license"] == "MIT"
    assert facts["metadata"]["note"] == "one"


def test_a_thousand_labels_are_counted_and_not_shown(before: Shipped) -> None:
    facts = before.model.facts()
    facts["metadata"] |= {"labels": {"y": ["one"] * 1000}}
    [shown] = [row for row in sheets(facts)[0].rows if row[0] == "metadata labels"]
    assert shown[1] == "y: 1,000 entries"
