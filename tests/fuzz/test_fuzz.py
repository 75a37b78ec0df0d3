"""A share of the fuzzing that `python -m tests.fuzz` does at length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.export.tflite.ops.harness import node_model
from tests.fuzz import judging
from tests.fuzz.__main__ import is_finding
from tests.fuzz.files import graph_file, judge_graph, judge_mutated, mutated_file
from tests.fuzz.generators import GENERATORS
from tests.fuzz.judging import Outcome, Verdict, judge
from tests.fuzz.mutations import MUTATIONS, mutated
from tests.fuzz.random_graphs import random_graph
from tests.fuzz.workers import run, tally

pytestmark = pytest.mark.slow


def test_damaged_files_are_refused_in_words_or_become_right_files() -> None:
    verdicts = dict(run(mutated_file, judge_mutated, range(300)))
    assert {job: v for job, v in verdicts.items() if is_finding("mutations", v)} == {}
    counts = tally(list(verdicts.values()))
    assert sum(counts.values()) == 300
    assert counts[Outcome.RIGHT] > 20
    assert counts[Outcome.REFUSED] > 100


def test_random_graphs_become_right_files() -> None:
    verdicts = dict(run(graph_file, judge_graph, range(60)))
    assert {job: v for job, v in verdicts.items() if is_finding("graphs", v)} == {}
    counts = tally(list(verdicts.values()))
    assert counts[Outcome.RIGHT] >= 57, counts


@pytest.mark.parametrize(
    ("functions", "outcome"), [(["Relu"], Outcome.WRONG), (["Floor"], Outcome.UNSTEADY)]
)
def test_numbers_that_the_last_bit_decides_are_not_called_wrong(
    functions: list[str], outcome: Outcome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nodes = [
        onnx.helper.make_node("Softmax", ["x"], ["p"]),
        onnx.helper.make_node("ReduceSum", ["p"], ["s0"]),
        *(
            onnx.helper.make_node(function, [f"s{place}"], [f"s{place + 1}"])
            for place, function in enumerate(functions)
        ),
    ]
    ports = [
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in (("x", (2, 6)), (f"s{len(functions)}", (1, 1)))
    ]
    graph = onnx.helper.make_graph(nodes, "graph", *ports)
    opsets = [onnx.helper.make_opsetid("", 18)]
    path = tmp_path / "net.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)

    def other(*_: object) -> list[list[np.ndarray]]:
        return [[np.full((1, 1), 1.5, np.float32)]]

    monkeypatch.setattr(judging, "_run_tflite", other)
    assert judge(path, packages=False).outcome is outcome


def test_files_are_made_of_their_number_alone() -> None:
    assert graph_file(3) == graph_file(3)
    assert graph_file(3) != graph_file(4)
    model = node_model("Relu", {"x": (1, 2)})
    one, same, other = (mutated(model, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_mutation_changes_something(mutation: object) -> None:
    models = [
        node_model("Gemm", {"x": (1, 2), "w": np.ones((2, 3), np.float32)}, alpha=2.0),
        node_model("Transpose", {"x": (1, 2)}, perm=[1, 0]),
        node_model("Reshape", {"x": (1, 2), "shape": np.array([2, 1], np.int64)}),
    ]
    changed = False
    for before in (model.SerializeToString() for model in models):
        for seed in range(8):
            damaged = onnx.ModelProto.FromString(before)
            mutation(damaged, np.random.default_rng(seed))  # type: ignore[operator]
            changed |= damaged.SerializeToString() != before
    assert changed


def test_random_graphs_have_all_operators() -> None:
    graphs = [random_graph(seed) for seed in range(500)]
    found = {node.op_type for graph in graphs for node in graph.graph.node}
    assert set(GENERATORS) - found == set()


def test_wrong_numbers_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(node_model("Relu", {"x": (1, 4)}), path)
    assert judge(path).outcome is Outcome.RIGHT
    monkeypatch.setattr("tests.fuzz.judging._run_tflite", lambda g, s, p: [[-abs(s["x"]) - 1]])
    assert judge(path).outcome is Outcome.WRONG
    monkeypatch.setattr("tests.fuzz.judging._run_tflite", lambda g, s, p: 1 / 0)
    assert judge(path).outcome is Outcome.CRASH


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\xff\xfe nonsense")
    assert judge(path).outcome is Outcome.REFUSED


def number(job: int) -> bytes:
    return str(job).encode()


def by_number(path: Path) -> Verdict:
    """Ends the process at 1, never ends at 2, and is right at all others."""
    job = int(path.read_bytes())
    if job == 1:
        raise SystemExit(3)
    while job == 2:
        pass
    return Verdict(Outcome.RIGHT)


def test_a_process_that_ends_or_hangs_is_a_finding_and_the_others_go_on() -> None:
    verdicts = dict(run(number, by_number, range(4), seconds=3.0))
    found = [verdicts[job].outcome for job in range(4)]
    assert found == [Outcome.RIGHT, Outcome.DEATH, Outcome.HANG, Outcome.RIGHT]
    assert is_finding("mutations", verdicts[1])
    assert is_finding("mutations", verdicts[2])
