"""Files compared with the first, and runners compared with the first, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from _edgeship.device_bench.results.records import Measurement, Session
from _edgeship.device_bench.results.rows import runners_of
from _edgeship.device_bench.results.statistics import Comparison, compare
from _edgeship.terminal.console import add_row, console, printable, table


@dataclass(frozen=True)
class Pair:
    """Two measurements of a session that differ in one thing: the file, or the runner.

    Attributes:
        base: The one that the other is compared with.
        one: The other.
        found: How long it takes compared with the base.
    """

    base: Measurement
    one: Measurement
    found: Comparison


def file_pairs(session: Session) -> list[Pair]:
    """Return every file but the first with the first one, by each runner.

    Args:
        session: All its measurements have rounds.
    """
    count = len(runners_of(session))
    every = session.measurements
    return [_pair(every[index % count], one) for index, one in enumerate(every) if index >= count]


def runner_pairs(session: Session) -> list[Pair]:
    """Return every runner but the first with the first one, on each file.

    Args:
        session: All its measurements have rounds.
    """
    count = len(runners_of(session))
    every = session.measurements
    return [
        _pair(every[index - index % count], one) for index, one in enumerate(every) if index % count
    ]


def as_list(session: Session) -> list[dict[str, Any]]:
    """Return all pairs of a session for JSON."""
    return [
        {
            "label": pair.one.subject.label,
            "runner": pair.one.settings.runner,
            "compared_with": {
                "label": pair.base.subject.label,
                "runner": pair.base.settings.runner,
            },
            **asdict(pair.found),
        }
        for pair in (*file_pairs(session), *runner_pairs(session))
    ]


def show_comparisons(session: Session) -> None:
    """Print the ratio of each file and each runner to the first, with interval and verdict."""
    output = console()
    counted = "Time" if session.device.unit == "ns" else "Instructions"
    first = session.measurements[0]
    files, runners = file_pairs(session), runner_pairs(session)
    if files:
        output.print()
        output.print(printable(f"{counted} compared with {first.subject.label}:"))
        _show(files, by_runner=bool(runners))
    if runners:
        output.print()
        output.print(printable(f"{counted} compared with the runner {first.settings.runner}:"))
        _show(runners, by_runner=True)
        _show_runtimes(session)
    if any(pair.found.confidence == 0 for pair in (*files, *runners)):
        output.print("These are too few rounds to show anything: use --rounds 11 or more.")


def _show_runtimes(session: Session) -> None:
    """Name the libraries, where the runners used different ones."""
    used = {one.settings.runner: one.rounds[0].process.runtime for one in session.measurements}
    if len(set(used.values())) > 1:
        each = ", ".join(f"{runner} ran {runtime}" for runner, runtime in used.items())
        console().print(
            printable(f"{each}: what differs between these is a part of the ratio."),
            soft_wrap=True,
        )


def _pair(base: Measurement, one: Measurement) -> Pair:
    return Pair(base, one, compare(base.rounds, one.rounds))


def _show(pairs: Sequence[Pair], *, by_runner: bool) -> None:
    numbers = ("ratio", "interval", "confidence", "pairs of rounds")
    names = ("file", "run by") if by_runner else ("file",)
    shown = table(*names, *numbers, "verdict", numbers=numbers)
    for pair in pairs:
        found = pair.found
        who = (pair.one.subject.label, pair.one.settings.runner)
        add_row(
            shown,
            *who[: len(names)],
            f"{found.ratio:.4f} x",
            f"{found.low:.4f} to {found.high:.4f}" if found.confidence > 0 else "unknown",
            _confidence(found),
            str(found.rounds),
            found.verdict,
        )
    console().print(shown)


def _confidence(found: Comparison) -> str:
    if found.confidence == 1:
        return "exact"
    # Truncated, not rounded: 99.95 % must not become 100 %.
    return f"{int(found.confidence * 1000) / 10:.1f} %" if found.confidence else ""
