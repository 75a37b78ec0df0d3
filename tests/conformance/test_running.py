"""A conformance run notices every way in which a target can be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import pytest

from _edgeship.errors import UnsupportedError
from tests.conformance.cases import Case
from tests.conformance.refusals.refusal import Refusal, idle_patterns
from tests.conformance.report import show
from tests.conformance.running import Outcome, run, run_case
from tests.conformance.sources import Source
from tests.conformance.targets import Target
from tests.export.tflite.ops.harness import node_model

X = np.array([[-1.0, 2.0]], np.float32)
NO_RELU = Refusal("it has no Relu", "no such operator", ("test_relu",))


def relu(name: str = "test_relu", bias: float = 0.0) -> Case:
    model = node_model("Relu", {"x": (1, 2)})
    return Case(name, model, lambda: ([X + bias], [np.maximum(X + bias, 0)]))


def target(
    outputs: Sequence[np.ndarray] | Exception | None = None, refusals: Sequence[Refusal] = ()
) -> Target:
    """A target that returns these outputs, or the right ones, or raises."""

    def compute(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        if isinstance(outputs, Exception):
            raise outputs
        return [np.maximum(inputs["x"], 0)] if outputs is None else outputs

    return Target("Toy", {"Relu"}, compute, refusals)


def refusing(why: str) -> UnsupportedError:
    return UnsupportedError("A part cannot be expressed.", why=why)


def test_right_outputs_pass() -> None:
    assert run_case(target(), relu()).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([np.array([[0.0, 2.001]], np.float32)], "error 5.0e-04 of the range, more than 1e-05"),
        ([np.array([[np.nan, 2.0]], np.float32)], "error inf"),
        ([np.array([0.0, 2.0], np.float32)], "shape (2,)"),
        ([np.array([[0, 2]])], "an output of type int64 instead of float32"),
        ([], "0 outputs instead of 1"),
        ([X, X], "2 outputs instead of 1"),
        (IndexError("out of range"), "IndexError: out of range"),
        (
            refusing("Relu: no such operator"),
            "refused: Relu: no such operator; the table has no reason",
        ),
    ],
)
def test_what_is_wrong_fails(outputs: Sequence[np.ndarray] | Exception, message: str) -> None:
    result = run_case(target(outputs), relu())
    assert result.outcome is Outcome.FAILED
    assert message in result.message


def test_a_refusal_must_be_the_expected_one() -> None:
    expected = run_case(target(refusing("Relu: no such operator"), [NO_RELU]), relu())
    assert (expected.outcome, expected.refusal) == (Outcome.REFUSED, NO_RELU)
    other = run_case(target(refusing("Relu: another reason"), [NO_RELU]), relu())
    assert other.outcome is Outcome.FAILED
    assert "refused: Relu: another reason; the table has another reason" in other.message


def test_a_case_that_is_computed_must_not_be_in_the_table() -> None:
    result = run_case(target(refusals=[NO_RELU]), relu())
    assert result.outcome is Outcome.FAILED
    assert "it was computed, though the table says: it has no Relu" in result.message


def test_a_case_in_two_sources_runs_once_and_counts_in_both() -> None:
    ran = []

    def compute(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        ran.append(inputs["x"])
        return [np.maximum(inputs["x"], 0)]

    toy = Target("Toy", {"Relu"}, compute, ())
    softmax = Case("test_softmax", node_model("Softmax", {"x": (1, 2)}), relu().read)
    sources = [
        Source("one", (relu(),)),
        Source("two", (relu(), relu(bias=1.0), softmax)),
    ]
    first, second = run(toy, sources)
    assert len(ran) == 2
    assert (first.cases, first.count(Outcome.PASSED), first.missing) == (1, 1, {})
    assert (second.cases, second.count(Outcome.PASSED)) == (3, 2)
    assert second.missing == {"Softmax": {"test_softmax"}}


def test_the_report_shows_counts_reasons_and_failures(capsys: pytest.CaptureFixture[str]) -> None:
    source = Source("three cases", (relu(), relu("test_other"), relu("test_third")))
    show(run(target(refusing("no such operator"), [NO_RELU]), [source]))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "Toy three cases 3 3 0 1 2"
    assert "1 it has no Relu test_relu" in lines
    assert "FAILED Toy, three cases: test_other" in lines
    assert "refused: no such operator; the table has no reason" in lines


def test_a_pattern_that_matches_no_case_is_idle() -> None:
    refusal = Refusal("", "", ("test_r*", "test_none"))
    assert idle_patterns([*refusal.cases], ["test_relu"]) == ["test_none"]
