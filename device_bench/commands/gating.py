"""Gates of `run`, `compare` and `history`: what they print and write, and exit code 3."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.terminal.console import console, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.commands.comparisons import Pairs
    from _edgeship.device_bench.commands.measuring import Result
    from _edgeship.device_bench.results.budget import Limit
    from _edgeship.device_bench.results.gates import Check
    from _edgeship.device_bench.results.history import Series
    from _edgeship.device_bench.results.records import Session

JUnitOption = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE.xml",
        help="Also write what was checked as JUnit's XML, which build servers show.",
    ),
]

#: What is asked of a file where nothing else is.
MEASURED = "measured"


def budget_checks(session: Session, limits: Sequence[Limit]) -> list[Check]:
    """Return what became of each limit for each file of a session that was measured."""
    from _edgeship.device_bench.results.budget import budget_outcome
    from _edgeship.device_bench.results.gates import Check
    from _edgeship.device_bench.results.rows import title
    from _edgeship.device_bench.results.statistics import summarize

    checks = []
    for one in session.measurements:
        if not any(each.process.runs for each in one.rounds):
            continue
        summary = summarize(one.rounds)
        for limit in limits:
            outcome, words = budget_outcome(limit, one, summary)
            gate = f"--budget {limit.text}"
            checks.append(Check(gate, title(session, one), _where(session), outcome, words))
    return checks


def slower_checks(
    session: Session, pairs: Pairs | None, limit: float | None, text: str
) -> list[Check]:
    """Return what became of ``--fail-if-slower`` for each file but the first of a session.

    Where there is one file, its other ways to run are compared with the first.

    Args:
        session: The session.
        pairs: What is compared in it; None where a file has no rounds.
        limit: How much slower a file may be, as a fraction; None if that is not asked.
        text: The option as the user wrote it.
    """
    from _edgeship.device_bench.results.gates import Check, slower_outcome
    from _edgeship.device_bench.results.rows import title

    if limit is None:
        return []
    gate = f"--fail-if-slower {text}"
    if pairs is None:
        words = "The session was cut short before each file had a round."
        return [
            Check(gate, title(session, one), _where(session), "error", words)
            for one in session.measurements
        ]
    checks = []
    for pair in pairs.files or pairs.ways:
        base = title(session, pair.base)
        outcome, words = slower_outcome(pair.found, pair.why_not, base, limit)
        checks.append(Check(gate, title(session, pair.one), _where(session), outcome, words))
    return checks


def regression_checks(series: Sequence[Series], tolerance: float) -> list[Check]:
    """Return for the newest session of each series whether it is a regression."""
    from _edgeship.device_bench.results.gates import Check, slower_outcome

    checks = []
    for one in series:
        newest = one.entries[-1]
        if newest.comparison is None:
            continue
        outcome, words = slower_outcome(
            newest.comparison, "", f"the baseline {one.baseline}", tolerance
        )
        label = newest.row.measurement.subject.label
        gate = f"--tolerance {100 * tolerance:g}"
        checks.append(Check(gate, label, one.name, outcome, words))
    return checks


def measured_checks(result: Result) -> list[Check]:
    """Return for each file that it was measured, and for each device that it failed."""
    from _edgeship.device_bench.results.gates import Check
    from _edgeship.device_bench.results.rows import title
    from _edgeship.terminal.command_group import explain

    checks = [
        Check(
            MEASURED,
            title(session, one),
            _where(session),
            "passed" if session.complete else "error",
            f"{len(one.rounds)} rounds were measured"
            + ("." if session.complete else ", and then the session was cut short."),
        )
        for session in result.sessions
        for one in session.measurements
    ]
    failed = [
        Check(MEASURED, "all files", selector, "error", " ".join(explain(error)[0].split()))
        for selector, error in result.errors
    ]
    return checks + failed


def show_gates(checks: Sequence[Check]) -> None:
    """Print a line for each check, those that did not pass last."""
    if not checks:
        return
    rows = [
        (one.file, one.gate, one.outcome, one.words)
        for one in sorted(checks, key=lambda one: one.outcome != "passed")
    ]
    show_fitted(("file", "gate", "outcome", "what was found"), rows)
    console().print()


def tell_servers(command: str, checks: Sequence[Check], junit: Path | None) -> None:
    """Write a JUnit file where one is asked for, and annotations where GitHub runs the command.

    Raises:
        InputError: The file cannot be written.
    """
    from _edgeship.device_bench.reports.junit import annotation_lines
    from _edgeship.device_bench.reports.junit import junit as as_junit
    from _edgeship.device_bench.reports.writing import write

    if junit is not None:
        write(junit, as_junit(f"device_bench {command}", checks).decode())
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotation_lines(checks):
            sys.stderr.write(printable(line) + "\n")


def leave(checks: Sequence[Check]) -> None:
    """End the command with exit code 3 if a check did not pass.

    Raises:
        typer.Exit: One did not.
    """
    if any(one.outcome != "passed" for one in checks):
        raise typer.Exit(3)


def _where(session: Session) -> str:
    device = session.device
    return f"{device.selector} ({device.model})" if device.model else device.selector
