"""A conformance run notices every way in which a target can be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import pytest

from _edgeship.errors import UnsupportedError, VerificationError
from tests.conformance import page
from tests.conformance.cases import Case
from tests.conformance.refusals.refusal import Refusal, idle_patterns
from tests.conformance.report import percent, show
from tests.conformance.running import Outcome, Run, run, run_case, stale_patterns
from tests.conformance.sources import Source
from tests.conformance.targets import Target
from tests.export.tflite.ops.harness import node_model

X = np.array([[-1.0, 2.0]], np.float32)
NO_RELU = Refusal("it has no Relu", "no such operator", ("test_relu",))
NO_RELU_TWO = Refusal("it has no second Relu", "no such operator", ("test_relu_*",))


def relu(name: str = "test_relu", bias: float = 0.0) -> Case:
    model = node_model("Relu", {"x": (1, 2)})
    return Case(name, model, lambda: ([X + bias], [np.maximum(X + bias, 0)]))


def nonzero() -> Case:
    model = node_model("NonZero", {"x": (1, 2)})
    return Case("test_nonzero", model, lambda: ([X], [np.array([[0, 0], [0, 1]])]))


def target(
    outputs: Sequence[np.ndarray] | Exception | None = None, refusals: Sequence[Refusal] = ()
) -> Target:
    """A target that returns these outputs, or the right ones, or raises."""

    def compute(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        if isinstance(outputs, Exception):
            raise outputs
        return [np.maximum(inputs["x"], 0)] if outputs is None else outputs

    return Target("Toy", compute, refusals)


def refusing(why: str, todo: str = "replace it") -> UnsupportedError:
    return UnsupportedError("A part cannot be expressed.", why=why, todo=todo)


def test_right_outputs_pass() -> None:
    result = run_case(target(), relu())
    assert result.outcome is Outcome.RIGHT
    assert result.inputs


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
        (VerificationError("LiteRT fails."), "LiteRT fails."),
        (
            refusing("Relu (the_Relu): no such operator"),
            "Relu (the_Relu): no such operator\n  do: replace it; the table has no reason",
        ),
        (refusing("Relu (the_Relu): no such operator", ""), "a refusal without a remedy"),
        (refusing("Relu: no such operator"), "a refusal that names no operator and node"),
        (refusing("the_Relu: nothing"), "a refusal that names no operator and node"),
    ],
)
def test_what_is_wrong_fails(outputs: Sequence[np.ndarray] | Exception, message: str) -> None:
    result = run_case(target(outputs), relu())
    assert result.outcome is Outcome.FAILED
    assert message in result.message


def test_a_refusal_must_be_the_expected_one() -> None:
    refused = run_case(target(refusing("Relu (y): no such operator"), [NO_RELU]), relu())
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, "it has no Relu")
    other = run_case(target(refusing("Relu (y): another reason"), [NO_RELU]), relu())
    assert other.outcome is Outcome.FAILED
    assert "the table has another reason" in other.message


def test_a_table_that_names_what_is_computed_or_what_is_not_there_is_stale() -> None:
    sources = [Source("one", (relu(), relu("test_relu_two")))]
    refused = run(target(refusing("Relu (y): no such operator"), [NO_RELU, NO_RELU_TWO]), sources)
    assert stale_patterns([NO_RELU, NO_RELU_TWO], refused) == []
    assert stale_patterns([NO_RELU], run(target(), sources)) == ["test_relu: test_relu"]
    other = Refusal("another", "no such operator", ("test_relu", "test_none*"))
    assert stale_patterns([other], refused) == ["test_none*: no case", "test_relu: test_relu"]
    both = run(target(refusing("Relu (y): no such operator"), [NO_RELU]), [Source("a", (relu(),))])
    [right] = run(target(), [Source("older", (relu(),))])
    assert stale_patterns([NO_RELU], [right, *both]) == []


def test_what_is_no_tensor_program_may_be_refused_and_may_not_be_wrong() -> None:
    refused = run_case(target(refusing("NonZero (the_NonZero): by the data")), nonzero())
    assert refused.outcome is Outcome.FOREIGN
    assert "how many elements" in refused.reason
    assert run_case(target([np.array([[0, 0], [0, 0]])]), nonzero()).outcome is Outcome.FAILED
    assert run_case(target([np.array([[0, 0], [0, 1]])]), nonzero()).outcome is Outcome.RIGHT
    assert run_case(target(IndexError("internal")), nonzero()).outcome is Outcome.FAILED


def test_a_case_in_two_sources_runs_once_and_counts_in_both() -> None:
    ran = []

    def compute(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        ran.append(inputs["x"])
        return [np.maximum(inputs["x"], 0)]

    sources = [Source("one", (relu(),)), Source("two", (relu(), relu(bias=1.0)))]
    first, second = run(Target("Toy", compute, ()), sources)
    assert len(ran) == 2
    assert (first.programs, first.count(Outcome.RIGHT)) == (1, 1)
    assert (second.programs, second.count(Outcome.RIGHT)) == (2, 2)


def some_runs() -> list[Run]:
    """One right, one refused, one failed, one that is no tensor program."""
    cases = (relu(), relu("test_other"), nonzero())
    error = refusing("no such operator: Relu, NonZero, of node the_Relu or the_NonZero")
    runs = run(target(error, [NO_RELU]), [Source("cases", cases)])
    [right] = run(target(), [Source("cases", (relu("test_third"),))])
    [refused] = runs
    return [Run("Toy", "four cases", (*refused.results, *right.results))]


def test_the_report_shows_counts_reasons_and_failures(capsys: pytest.CaptureFixture[str]) -> None:
    show(some_runs())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Toy four cases 4 1 1 1 1 33.3 %" in lines
    assert "1 it has no Relu test_relu" in lines
    assert "FAILED Toy, four cases: test_other" in lines
    assert any("the table has no reason" in line for line in lines)


def test_the_page_has_the_same_counts_reasons_and_operators() -> None:
    text = page.page(some_runs())
    assert "| Toy | four cases | 4 | 1 | 1 | 1 | 1 | 33.3 % |" in text
    assert "| it has no Relu | 1 | `test_relu` |" in text
    assert "| NonZero | 0 | 0 | 1 |" in text
    assert page.section(some_runs()) in text


def test_percentages_are_rounded_down() -> None:
    [right] = run(target(), [Source("one", (relu(),))])
    [wrong] = run(target([X]), [Source("one", (relu(),))])
    many = Run("Toy", "many", (*(right.results * 1999), *wrong.results))
    assert percent(many) == "99.9 %"
    assert percent(Run("Toy", "none", ())) == "-"


def test_a_pattern_that_matches_no_case_is_idle() -> None:
    refusal = Refusal("", "", ("test_r*", "test_none"))
    assert idle_patterns([*refusal.cases], ["test_relu"]) == ["test_none"]
