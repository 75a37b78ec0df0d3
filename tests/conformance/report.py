"""What a conformance run shows: counts, reasons of refusals, failures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from _edgeship.terminal.console import add_row, console, table
from tests.conformance.running import Outcome, Result, Run

_COUNTS = ("cases", *(outcome.value for outcome in Outcome), "of tensor programs")


def show(runs: Sequence[Run]) -> None:
    """Print the counts of all runs, then what is behind them, target by target."""
    counts = table("target", "source", *_COUNTS, numbers=_COUNTS)
    for run in runs:
        numbers = (len(run.results), *(run.count(outcome) for outcome in Outcome))
        add_row(counts, run.target, run.source, *map(str, numbers), percent(run))
    console().print(counts)
    for target in dict.fromkeys(run.target for run in runs):
        own = [run for run in runs if run.target == target]
        for outcome in (Outcome.REFUSED, Outcome.FOREIGN):
            _show_reasons(target, outcome, own)
        _show_failures(target, own)


def percent(run: Run) -> str:
    """How many of the tensor programs are right, rounded down to a tenth of a percent."""
    if not run.programs:
        return "-"
    return f"{1000 * run.count(Outcome.RIGHT) // run.programs / 10:.1f} %"


def by_reason(runs: Sequence[Run], outcome: Outcome) -> list[tuple[str, list[Result]]]:
    """Reason -> the results of this outcome, most frequent first; each case once."""
    found: dict[str, dict[str, Result]] = defaultdict(dict)
    for run in runs:
        for result in run.results:
            if result.outcome is outcome:
                found[result.reason][result.case] = result
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(reason, [cases[name] for name in sorted(cases)]) for reason, cases in ordered]


def _show_reasons(target: str, outcome: Outcome, runs: Sequence[Run]) -> None:
    """Print how many cases ended like this for each reason; one in several sources counts once."""
    reasons = by_reason(runs, outcome)
    if not reasons:
        return
    shown = table("cases", f"{target}: {outcome.value}, because", "such as", numbers=("cases",))
    for reason, results in reasons:
        add_row(shown, str(len(results)), reason, results[0].case)
    print()
    console().print(shown)


def _show_failures(target: str, runs: Sequence[Run]) -> None:
    for run in runs:
        for result in run.failures:
            print(f"\nFAILED {target}, {run.source}: {result.case}\n  {result.message}")
