"""Files compared with the first, and ways to run them with the first way, as tables and as JSON.

A way is a runner and an accelerator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from _edgeship.device_bench.results.comparing import Comparison, compare
from _edgeship.device_bench.results.hardware import accelerator_text, why_not_compared
from _edgeship.device_bench.results.medians import disagreement
from _edgeship.device_bench.results.records import Measurement, Session
from _edgeship.device_bench.results.rows import runners_of, title, way, ways_of
from _edgeship.device_bench.results.statistics import Summary, summarize
from _edgeship.terminal.console import console, printable
from _edgeship.terminal.fitting import show_fitted

#: The verdict on two measurements whose times are not of one kind.
NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Pair:
    """Two measurements of a session that differ in one thing: the file, or how it ran.

    Attributes:
        base: The one that the other is compared with.
        one: The other.
        found: How long it takes compared with the base; None if that is not to be compared.
        why_not: Why not; "" if it is.
        against: What their medians say otherwise; "" if they agree.
    """

    base: Measurement
    one: Measurement
    found: Comparison | None
    why_not: str = ""
    against: str = ""


@dataclass(frozen=True)
class Pairs:
    """What is compared in a session.

    Attributes:
        files: Every file but the first with the first one, in each way.
        ways: Every way to run a file but the first with the first one, on each file.
    """

    files: list[Pair]
    ways: list[Pair]

    @property
    def every(self) -> list[Pair]:
        """All of them."""
        return [*self.files, *self.ways]


def pairs_of(session: Session, margin: float = 0.0) -> Pairs:
    """Return what is compared in a session.

    Args:
        session: All its measurements have rounds.
        margin: As for `compare`.
    """
    count = len(ways_of(session))
    figured = [(one, summarize(one.rounds)) for one in session.measurements]
    unit = session.device.unit
    files = [
        _pair(figured[index % count], one, margin, unit)
        for index, one in enumerate(figured)
        if index >= count
    ]
    ways = [
        _pair(figured[index - index % count], one, margin, unit)
        for index, one in enumerate(figured)
        if index % count
    ]
    return Pairs(files, ways)


def as_list(pairs: Pairs | None) -> list[dict[str, Any]]:
    """Return all pairs of a session for JSON; the ratio of what is not compared is missing."""
    return [
        {
            **_identity(pair.one),
            "compared_with": _identity(pair.base),
            **(
                {"verdict": NOT_COMPARED, "why": pair.why_not}
                if pair.found is None
                else {**asdict(pair.found), "medians_say_otherwise": pair.against}
            ),
        }
        for pair in ([] if pairs is None else pairs.every)
    ]


def _identity(one: Measurement) -> dict[str, str]:
    return {
        "label": one.subject.label,
        "runner": one.settings.runner,
        "accelerator": accelerator_text(one),
    }


def show_comparisons(session: Session, pairs: Pairs) -> None:
    """Print the ratio of each file and each way to the first, with interval and verdict."""
    output = console()
    counted = "Time" if session.device.unit == "ns" else "Instructions"
    first = session.measurements[0]
    if pairs.files:
        output.print()
        output.print(printable(f"{counted} compared with {first.subject.label}:"))
        _show(session, pairs.files)
    if pairs.ways:
        kind = "the runner " if len(runners_of(session)) == len(ways_of(session)) else ""
        output.print()
        output.print(printable(f"{counted} compared with {kind}{way(session, first)}:"))
        _show(session, pairs.ways)
        _show_runtimes(session)
    for why in dict.fromkeys(pair.why_not for pair in pairs.every if pair.why_not):
        output.print(printable(why), soft_wrap=True)
    if any(pair.found and pair.found.confidence == 0 for pair in pairs.every):
        output.print("These are too few rounds to show anything: use --rounds 11 or more.")
    for pair in pairs.every:
        if pair.against:
            output.print(printable(f"{title(session, pair.one)}: {pair.against}"), soft_wrap=True)


def _show_runtimes(session: Session) -> None:
    """Name the libraries, where the runners used different ones."""
    used = {one.settings.runner: one.rounds[0].process.runtime for one in session.measurements}
    if len(set(used.values())) > 1:
        each = ", ".join(f"{runner} ran {runtime}" for runner, runtime in used.items())
        console().print(
            printable(f"{each}: what differs between these is a part of the ratio."),
            soft_wrap=True,
        )


def _pair(
    base: tuple[Measurement, Summary], one: tuple[Measurement, Summary], margin: float, unit: str
) -> Pair:
    first, second = base[0], one[0]
    why_not = why_not_compared(first, second)
    if why_not:
        return Pair(first, second, None, why_not)
    found = compare(first.rounds, second.rounds, margin)
    return Pair(first, second, found, "", disagreement(found, base[1], one[1], unit))


def _show(session: Session, pairs: Sequence[Pair]) -> None:
    numbers = ("ratio", "interval", "confidence", "pairs of rounds")
    columns = ("ratio", "interval", "verdict", "confidence", "pairs of rounds")
    names = ("file", "run by") if len(ways_of(session)) > 1 else ("file",)
    rows = []
    for pair in pairs:
        who = (pair.one.subject.label, way(session, pair.one))[: len(names)]
        cells = ("", "", NOT_COMPARED, "", "") if pair.found is None else _cells(pair.found)
        rows.append((*who, *cells))
    show_fitted((*names, *columns), rows, names=len(names), numbers=numbers)


def _cells(found: Comparison) -> tuple[str, ...]:
    return (
        f"{found.ratio:.4f} x",
        f"{found.low:.4f} to {found.high:.4f}" if found.confidence > 0 else "unknown",
        found.in_words,
        _confidence(found),
        str(found.rounds),
    )


def _confidence(found: Comparison) -> str:
    if found.confidence == 1:
        return "exact"
    # Truncated, not rounded: 99.95 % must not become 100 %.
    return f"{int(found.confidence * 1000) / 10:.1f} %" if found.confidence else ""
