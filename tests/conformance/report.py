"""What a conformance run shows: counts, expected refusals with reasons, what is not supported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from _edgeship.terminal.console import add_row, console, table
from tests.conformance.refusals.refusal import Refusal
from tests.conformance.running import Outcome, Run

_COUNTS = ("cases", "in the table", *(outcome.value for outcome in Outcome))


def show(runs: Sequence[Run]) -> None:
    """Print the counts of all runs, then what is behind them, target by target."""
    counts = table("target", "source", *_COUNTS, numbers=_COUNTS)
    for run in runs:
        numbers = (run.cases, len(run.results), *(run.count(outcome) for outcome in Outcome))
        add_row(counts, run.target, run.source, *map(str, numbers))
    console().print(counts)
    by_target: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_target[run.target].append(run)
    for target, own in by_target.items():
        _show_refusals(target, own)
        _show_missing(target, own)
        _show_failures(target, own)


def _show_refusals(target: str, runs: Sequence[Run]) -> None:
    """Print how many cases were refused for each reason; one in several sources counts once."""
    cases: dict[Refusal, set[str]] = defaultdict(set)
    for run in runs:
        for result in run.results:
            if result.refusal is not None:
                cases[result.refusal].add(result.case)
    reasons: dict[str, set[str]] = defaultdict(set)
    for refusal, names in cases.items():
        reasons[refusal.reason] |= names
    if not reasons:
        return
    why = f"refused by {target} as expected, because"
    shown = table("cases", why, "such as", numbers=("cases",))
    for reason, names in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        add_row(shown, str(len(names)), reason, min(names))
    print()
    console().print(shown)


def _show_missing(target: str, runs: Sequence[Run]) -> None:
    """Print the operators that keep cases out of the table."""
    cases: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        for operator, names in run.missing.items():
            cases[operator] |= names
    if cases:
        ordered = sorted(cases.items(), key=lambda item: (-len(item[1]), item[0]))
        print(f"\nOperators that {target}'s table lacks, and how many cases have them:")
        print(", ".join(f"{operator} {len(names)}" for operator, names in ordered))


def _show_failures(target: str, runs: Sequence[Run]) -> None:
    for run in runs:
        for result in run.failures:
            print(f"\nFAILED {target}, {run.source}: {result.case}\n  {result.message}")
