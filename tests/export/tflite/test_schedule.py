"""Orders of operators, against all orders there are."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest

from _edgeship.export.tflite import schedule
from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options
from _edgeship.export.tflite.schedule import shorten_lives
from tests.export.tflite.small_graphs import Small, add


def random_graph(seed: int, count: int = 6, joined: bool = True) -> TfliteGraph:
    """Operators of one to three inputs, whose results are of any size.

    What is unread at the end is joined by one more operator, or goes out.
    """
    rng = np.random.default_rng(seed)
    graph = TfliteGraph()
    graph.inputs = [graph.tensor("x", (int(rng.integers(1, 9)),))]
    for number in range(count):
        made = list(range(len(graph.tensors)))
        read = rng.choice(made, size=min(len(made), int(rng.integers(1, 4))), replace=False)
        result = graph.tensor(f"t{number}", (int(rng.integers(1, 99)),))
        graph.add("CUSTOM", sorted(int(index) for index in read), [result])
    read_ones = {index for op in graph.ops for index in op.inputs}
    graph.outputs = [i for i in range(len(graph.tensors)) if i not in read_ones]
    if joined:
        result = graph.tensor("y", (int(rng.integers(1, 99)),))
        graph.add("CUSTOM", graph.outputs, [result])
        graph.outputs = [result]
    return graph


def can_run(graph: TfliteGraph, ops: list[Op]) -> bool:
    made = set(graph.inputs)
    for op in ops:
        if not made.issuperset(op.inputs):
            return False
        made.update(op.outputs)
    return True


def peak(graph: TfliteGraph, ops: list[Op]) -> int:
    """Counted anew at every operator, from what is read afterwards."""
    highest = 0
    for place, op in enumerate(ops):
        made = {*graph.inputs, *(index for one in ops[: place + 1] for index in one.outputs)}
        needed = {index for one in ops[place:] for index in one.inputs} | {*graph.outputs}
        alive = made & (needed | {*op.outputs})
        highest = max(highest, sum(4 * graph.tensors[index].shape[0] for index in alive))
    return highest


@pytest.mark.parametrize("seed", range(60))
def test_no_order_has_a_smaller_peak(seed: int) -> None:
    graph = random_graph(seed)
    before = list(graph.ops)
    least = min(
        peak(graph, list(ops))
        for ops in itertools.permutations(before)
        if can_run(graph, list(ops))
    )
    saved = shorten_lives(graph)
    assert sorted(map(id, graph.ops)) == sorted(map(id, before))
    assert can_run(graph, graph.ops)
    assert peak(graph, graph.ops) == least == peak(graph, before) - saved
    if not saved:
        assert graph.ops == before


@pytest.mark.parametrize("seed", range(60))
def test_with_several_outputs_no_peak_grows(seed: int) -> None:
    graph = random_graph(seed, 9, joined=False)
    before = list(graph.ops)
    saved = shorten_lives(graph)
    assert sorted(map(id, graph.ops)) == sorted(map(id, before))
    assert can_run(graph, graph.ops)
    assert saved >= 0
    assert peak(graph, graph.ops) == peak(graph, before) - saved


def test_some_of_these_graphs_gain() -> None:
    for joined in (True, False):
        gains = [shorten_lives(random_graph(seed, joined=joined)) for seed in range(60)]
        assert sum(gain > 0 for gain in gains) > 5


def test_the_order_depends_on_the_graph_alone() -> None:
    for seed in range(40):
        graph = random_graph(seed, 12)
        again = copy.deepcopy(graph)
        shorten_lives(graph)
        shorten_lives(again)
        assert [op.outputs for op in graph.ops] == [op.outputs for op in again.ops]


def test_a_part_with_too_many_orders_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MOST_STEPS", 30)
    for seed in range(40):
        graph = random_graph(seed)
        before = list(graph.ops)
        shorten_lives(graph)
        assert can_run(graph, graph.ops)
        assert peak(graph, graph.ops) <= peak(graph, before)


def test_a_branch_is_computed_where_it_gets_small() -> None:
    """Two wide branches that end in little: one after the other, not both at once."""
    wide, small = (1, 8, 8, 4), (1, 1, 1, 4)
    axes = np.array([1, 2], np.int32)
    keep = options("ReducerOptions", keepDims=True)
    graph = Small(x=small).constant("axes", axes).constant("to", np.zeros(wide, np.float32))
    graph.op("ADD", "x to", "a", wide, opts=add()).op("ADD", "x to", "b", wide, opts=add())
    graph.op("NEG", "a", "c", wide).op("NEG", "b", "d", wide)
    graph.op("MEAN", "c axes", "e", small, opts=keep).op("MEAN", "d axes", "f", small, opts=keep)
    graph.op("ADD", "e f", "y", small, opts=add()).out("y")
    [sample] = graph.samples(1)
    [before] = graph.run(graph.data(), sample)
    assert shorten_lives(graph.graph) == 4 * (8 * 8 * 4 - 4)
    np.testing.assert_array_equal(graph.run(graph.data(), sample)[0], before)
