"""Runs cases through a target: each is right, refused for a known reason, foreign, or failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

import numpy as np
import onnx
from onnx import TensorProto

from _edgeship.errors import EdgeshipError, VerificationError
from _edgeship.export.verification.metrics import compare
from tests.conformance.binding import Binding, bindings
from tests.conformance.cases import Case, expected
from tests.conformance.foreign import INCOMPARABLE, foreign, nodes
from tests.conformance.preparing import Answer
from tests.conformance.refusals.refusal import Refusal
from tests.conformance.sources import Source
from tests.conformance.targets import Target

#: Largest error, as a fraction of the output's range.
TOLERANCE = 1e-5

#: Cases whose expected values are less exact than float32: typed by hand, or of a rounded pi.
TOLERANCES = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3,
    "test_attention_24_qk_matmul_output_mode3_softmax_precision*": 1e-3,
    "test_*window*": 1e-4,
    "test_roialign_*": 2e-4,
}

#: What outputs of 16 bits were rounded to, and what they were computed from: two of their last
#: bits, as a fraction of the largest number.
ROUNDED = {TensorProto.FLOAT16: 2.0**-9, TensorProto.BFLOAT16: 2.0**-6}

#: Four of the last bits of float32, as a fraction of the largest number: outputs that are nearly
#: equal to one another have a smaller range than that.
ROUNDING = 2.0**-21


class Outcome(Enum):
    """What became of a case."""

    RIGHT = "right"
    REFUSED = "refused by design"
    FOREIGN = "not a tensor program"
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        case: Its name.
        operator: The ONNX operator that it is about, see `Case.subject`.
        outcome: What became of it.
        message: Why it failed or was refused, in the target's words; empty where it is right.
        reason: The class of reasons, where it was refused by design or is no tensor program.
        inputs: Whether it was right with all that the case feeds as inputs, and nothing bound.
    """

    case: str
    operator: str
    outcome: Outcome
    message: str = ""
    reason: str = ""
    inputs: bool = False


@dataclass(frozen=True)
class Run:
    """All cases of one source through one target.

    Attributes:
        target: Its name.
        source: Its name.
        results: In the source's order.
    """

    target: str
    source: str
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """How many cases ended like this."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def programs(self) -> int:
        """How many cases are tensor programs."""
        return len(self.results) - self.count(Outcome.FOREIGN)

    @property
    def failures(self) -> list[Result]:
        """The results of the cases that failed."""
        return [result for result in self.results if result.outcome is Outcome.FAILED]


def run(target: Target, sources: Sequence[Source]) -> list[Run]:
    """Run every source's cases; a case that several sources have is run once, counted in each."""
    cases = {_key(case): case for source in reversed(sources) for case in source.cases}
    known = dict(zip(cases, run_cases(target, [*cases.values()]), strict=True))
    return [
        Run(target.name, source.name, tuple(known[_key(case)] for case in source.cases))
        for source in sources
    ]


def stale_patterns(refusals: Sequence[Refusal], runs: Sequence[Run]) -> list[str]:
    """The entries of a table that say too much, as "pattern: case".

    Every case that a pattern names must be refused for its reason, in one source at least: the
    newest may have a form of it that others do not.
    """
    results = [result for run in runs for result in run.results]
    refused = {(r.case, r.reason) for r in results if r.outcome is Outcome.REFUSED}
    stale = set()
    for refusal in refusals:
        for pattern in refusal.cases:
            named = {r.case for r in results if fnmatchcase(r.case, pattern)} or {"no case"}
            stale |= {
                f"{pattern}: {name}" for name in named if (name, refusal.reason) not in refused
            }
    return sorted(stale)


def _key(case: Case) -> tuple[str, str]:
    return case.name, case.identity


def run_case(target: Target, case: Case) -> Result:
    """Run one case, see `run_cases`."""
    [result] = run_cases(target, [case])
    return result


def run_cases(target: Target, cases: Sequence[Case]) -> list[Result]:
    """Run cases in all ways of binding their inputs, until one is right or one is wrong.

    Whatever goes wrong makes a case fail, and the result says what it was.
    """
    tries = [_Try(case, bindings(case)) for case in cases]
    results: dict[int, Result] = {}
    while left := [number for number in range(len(cases)) if number not in results]:
        answers = target.answers([tries[number].way for number in left])
        for number, answer in zip(left, answers, strict=True):
            result = _judged(target, tries[number], answer)
            if result:
                results[number] = result
    return [results[number] for number in range(len(cases))]


@dataclass
class _Try:
    """How far a case has come.

    Attributes:
        case: The case.
        ways: All ways of binding it.
        refused: Why each of the first ones was refused.
    """

    case: Case
    ways: Sequence[Binding]
    refused: list[EdgeshipError] = field(default_factory=list)

    @property
    def way(self) -> Binding:
        """The next way of binding it."""
        return self.ways[len(self.refused)]


def _judged(target: Target, trial: _Try, answer: Answer) -> Result | None:
    """Return what became of a case, or None if it was refused and there is another way."""
    case, way = trial.case, trial.way
    operator = case.subject
    if isinstance(answer, EdgeshipError):
        problem = complaint(answer, way.model)
        if problem:
            return Result(case.name, operator, Outcome.FAILED, problem)
        trial.refused.append(answer)
        if len(trial.refused) < len(trial.ways):
            return None
        return _refused(target, case, operator, trial.refused)
    if isinstance(answer, Exception):
        message = f"{type(answer).__name__}: {answer}"
        return Result(case.name, operator, Outcome.FAILED, message)
    problem = what_is_wrong(target, case, way, answer)
    if problem and (reason := foreign(case)) in INCOMPARABLE:
        return Result(case.name, operator, Outcome.FOREIGN, problem, reason)
    if problem:
        return Result(case.name, operator, Outcome.FAILED, problem)
    return Result(case.name, operator, Outcome.RIGHT, inputs=not trial.refused and not way.beside)


def complaint(error: EdgeshipError, model: onnx.ModelProto) -> str:
    """What is wrong with a refusal, in words: it must name operator, node and remedy."""
    text = str(error)
    if isinstance(error, VerificationError):
        # ONNX Runtime has no kernel for it: only then may a table have a reason.
        return "" if text.startswith("ONNX Runtime") else text
    if not error.todo:
        return f"a refusal without a remedy: {text}"
    ports = [port.name for port in (*model.graph.input, *model.graph.output)]
    if any(re.search(rf"put \W?{re.escape(port)}\b", text) for port in ports):
        return ""
    named = any(_says(text, name) for node in nodes(model) for name in _names(node))
    # What is composed of simpler operators is refused by the name of one of these.
    operator = any(_says(text, node.op_type) for node in nodes(model)) or bool(
        re.search(r"\b[A-Z]\w+ \(", text)
    )
    return "" if named and operator else f"a refusal that names no operator and node: {text}"


def _names(node: onnx.NodeProto) -> list[str]:
    """What a node may be called: an unnamed one by its outputs, with its operator behind it."""
    outputs = [*node.output, *(f"{output}_{node.op_type}" for output in node.output)]
    return [name for name in (node.name, *outputs) if name]


def _says(text: str, word: str) -> bool:
    """Whether a text has a word; a node of a branch that became part of the graph has a number."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(_\d+)?(?!\w)", text) is not None


def what_is_wrong(target: Target, case: Case, way: Binding, found: Sequence[np.ndarray]) -> str:
    """What is wrong with the outputs of a case that was bound in a way; empty where nothing is."""
    wanted = expected(case, target.disputed)
    if way.beside:
        wanted = [*wanted, *(-value for value in way.inputs.values())]
    return difference(wanted, found, max(tolerance(case), _own_tolerance(target, case)))


def _own_tolerance(target: Target, case: Case) -> float:
    return max((t for p, t in target.tolerances.items() if fnmatchcase(case.name, p)), default=0.0)


def tolerance(case: Case) -> float:
    """Largest error of a case, as a fraction of the output's range."""
    limits = [TOLERANCE, *(t for p, t in TOLERANCES.items() if fnmatchcase(case.name, p))]
    ports = [*case.model.graph.input, *case.model.graph.output]
    limits += [ROUNDED.get(port.type.tensor_type.elem_type, 0.0) for port in ports]
    return max(limits)


def _refused(target: Target, case: Case, operator: str, errors: Sequence[EdgeshipError]) -> Result:
    """Return what a refusal is, which depends on the way that has the fewest inputs."""
    message = str(errors[-1])
    reason = foreign(case)
    if reason:
        return Result(case.name, operator, Outcome.FOREIGN, message, reason)
    refusals = [refusal for refusal in target.refusals if refusal.names(case.name)]
    for refusal in refusals:
        if refusal.says in message:
            return Result(case.name, operator, Outcome.REFUSED, message, refusal.reason)
    known = "another reason" if refusals else "no reason"
    text = f"refused: {message}; the table has {known}"
    return Result(case.name, operator, Outcome.FAILED, text)


def difference(wanted: Sequence[np.ndarray], found: Sequence[np.ndarray], limit: float) -> str:
    """What is wrong with the outputs of a case, in words; empty where nothing is."""
    if len(wanted) != len(found):
        return f"{len(found)} outputs instead of {len(wanted)}"
    if any(w.dtype.kind in "OUS" for w in wanted):  # strings, sequences
        same = all(np.array_equal(w, f) for w, f in zip(wanted, found, strict=True))
        return "" if same else "other strings or sequences"
    for w, f in zip(wanted, found, strict=True):
        if (w.dtype.kind == "f") != (f.dtype.kind == "f"):
            return f"an output of type {f.dtype} instead of {w.dtype}"
    problems = [_distance(w, f, limit) for w, f in zip(wanted, found, strict=True)]
    return next((problem for problem in problems if problem), "")


def _distance(wanted: np.ndarray, found: np.ndarray, limit: float) -> str:
    # A scalar comes back as an array of one element.
    shaped = found.reshape(wanted.shape) if wanted.ndim == 0 else found
    try:
        parity = compare([[wanted]], [[shaped]])
    except VerificationError as problem:
        return problem.what
    rounding = ROUNDING * np.abs(wanted).max(initial=0.0) if wanted.dtype.kind == "f" else 0.0
    if parity.max_rel <= limit or parity.max_abs <= rounding:
        return ""
    return f"error {parity.max_rel:.1e} of the range, more than {limit:.0e}"
