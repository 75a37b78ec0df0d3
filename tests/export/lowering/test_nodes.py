"""What users are told where code of ours trips over one node: its name, and that it is a defect."""

from __future__ import annotations

import pytest

from _edgeship.errors import UnsupportedError
from _edgeship.export.coreml import lowering as coreml
from _edgeship.export.decompositions.registry import DECOMPOSITIONS
from _edgeship.export.lowering.unsupported import Unhandled
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.preparation.rules import RULES, Entry
from _edgeship.export.tflite import lowering as tflite
from tests.export.preparation.graphs import model, node

LOWER = {"tflite": tflite.lower, "coreml": lambda graph: coreml.lower(graph, 17)}


def trip(*_):
    return [][1]


@pytest.mark.parametrize("target", sorted(LOWER))
@pytest.mark.parametrize("op", ["Relu", "Selu"])
def test_a_lowering_or_a_decomposition_that_trips(target, op, monkeypatch):
    module = {"tflite": tflite, "coreml": coreml}[target]
    monkeypatch.setitem(module.LOWERINGS, "Relu", trip)
    monkeypatch.setitem(DECOMPOSITIONS, "Selu", trip)
    monkeypatch.delitem(module.LOWERINGS, "Selu", raising=False)
    proto = model([node(op, "x", "y"), node("Tanh", "y", "z")], {"x": (1, 2)}, "z")
    with pytest.raises(UnsupportedError, match=rf"{op} \(the_y\).*report") as caught:
        LOWER[target](prepare(proto).model)
    root: BaseException = caught.value
    assert isinstance(root.__cause__, Unhandled)
    while root.__cause__ is not None:
        root = root.__cause__
    assert isinstance(root, IndexError)  # --debug prints where


def test_a_rule_of_preparation_that_trips(monkeypatch):
    monkeypatch.setitem(RULES, ("", "Relu"), [Entry(trip, 0)])
    proto = model([node("Relu", "x", "y")], {"x": (1, 2)}, "y")
    with pytest.raises(UnsupportedError, match="Relu") as caught:
        prepare(proto)
    assert caught.value.where == "node the_y"
    assert isinstance(caught.value.__cause__, Unhandled)


def test_lack_of_memory_is_no_defect(monkeypatch):
    def hungry(*_):
        raise MemoryError

    monkeypatch.setitem(tflite.LOWERINGS, "Relu", hungry)
    proto = model([node("Relu", "x", "y")], {"x": (1, 2)}, "y")
    with pytest.raises(MemoryError):
        tflite.lower(prepare(proto).model)
