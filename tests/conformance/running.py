"""Runs cases through a target: each is computed right, refused as expected, or has failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

import numpy as np

from _edgeship.errors import UnsupportedError, VerificationError
from _edgeship.export.verification.metrics import compare
from tests.conformance.cases import Case, bound, expected, within
from tests.conformance.refusals.refusal import Refusal
from tests.conformance.sources import Source
from tests.conformance.targets import Target

#: Largest error, as a fraction of the output's range.
TOLERANCE = 1e-5

#: Cases whose expected values are less exact: rounded to 16 bits, or typed by hand.
TOLERANCES = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3,
    "test_cast*_to_BFLOAT16*": 8e-3,
    "test_cast*_to_FLOAT16*": 1e-3,
}


class Outcome(Enum):
    """What became of a case."""

    PASSED = "passed"
    REFUSED = "refused as expected"
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        case: Its name.
        outcome: What became of it.
        message: Why it failed; empty for others.
        refusal: Where it was refused as expected, the entry of the table.
    """

    case: str
    outcome: Outcome
    message: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Run:
    """All cases of one source through one target.

    Attributes:
        target: Its name.
        source: Its name.
        cases: How many there are, of whatever operators.
        results: Of the cases whose operators the target's table has, in the source's order.
        missing: Operator that the table lacks -> the cases that have it.
    """

    target: str
    source: str
    cases: int
    results: tuple[Result, ...]
    missing: Mapping[str, set[str]]

    def count(self, outcome: Outcome) -> int:
        """How many cases ended like this."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def failures(self) -> list[Result]:
        """The results of the cases that failed."""
        return [result for result in self.results if result.outcome is Outcome.FAILED]


def run(target: Target, sources: Sequence[Source]) -> list[Run]:
    """Run every source's cases; a case that several sources have is run once, counted in each."""
    known: dict[tuple[str, str], Result] = {}
    runs = []
    for source in sources:
        results = []
        for case in within(source.cases, target.operators):
            key = (case.name, case.identity)
            if key not in known:
                known[key] = run_case(target, case)
            results.append(known[key])
        missing = _missing(source, target.operators)
        runs.append(Run(target.name, source.name, len(source.cases), tuple(results), missing))
    return runs


def _missing(source: Source, operators: Collection[str]) -> dict[str, set[str]]:
    missing: dict[str, set[str]] = defaultdict(set)
    for case in source.cases:
        for operator in case.operators - set(operators):
            missing[operator].add(case.name)
    return dict(missing)


def run_case(target: Target, case: Case) -> Result:
    """Run one case; whatever goes wrong makes it fail, and the result says what it was."""
    refusals = [refusal for refusal in target.refusals if refusal.names(case.name)]
    try:
        model, inputs = bound(case)
        found = target.compute(model, inputs)
    except UnsupportedError as error:
        return _refused(case, error, refusals)
    except Exception as error:
        return Result(case.name, Outcome.FAILED, f"{type(error).__name__}: {error}")
    if refusals:
        message = f"it was computed, though the table says: {refusals[0].reason}"
        return Result(case.name, Outcome.FAILED, message)
    problem = difference(case.name, expected(case)[: len(model.graph.output)], found)
    return Result(case.name, Outcome.FAILED if problem else Outcome.PASSED, problem)


def _refused(case: Case, error: UnsupportedError, refusals: Sequence[Refusal]) -> Result:
    for refusal in refusals:
        if refusal.says in error.why:
            return Result(case.name, Outcome.REFUSED, refusal=refusal)
    expected = "another reason" if refusals else "no reason"
    return Result(case.name, Outcome.FAILED, f"refused: {error.why}; the table has {expected}")


def difference(name: str, wanted: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> str:
    """What is wrong with the outputs of a case, in words; empty where nothing is."""
    if len(wanted) != len(found):
        return f"{len(found)} outputs instead of {len(wanted)}"
    for w, f in zip(wanted, found, strict=True):
        if (w.dtype.kind == "f") != (f.dtype.kind == "f"):
            return f"an output of type {f.dtype} instead of {w.dtype}"
    # A scalar comes back as an array of one element.
    shaped = [f.reshape(w.shape) if w.ndim == 0 else f for f, w in zip(found, wanted, strict=True)]
    try:
        error = compare([wanted], [shaped]).max_rel
    except VerificationError as problem:
        return problem.what
    limit = max([TOLERANCE, *(t for p, t in TOLERANCES.items() if fnmatchcase(name, p))])
    return "" if error <= limit else f"error {error:.1e} of the range, more than {limit:.0e}"
