"""Series of sessions as sections of a report, and as tables of the `history` command."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.reports import plots
from _edgeship.device_bench.reports.parts import Cell, Plot, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.comparing import Comparison
from _edgeship.device_bench.results.history import Entry, Series

# With fewer entries a plot shows no more than the table.
_DRAWN = 3


def section(series: Sequence[Series]) -> Section | None:
    """Return a section on the series with more than one session; None if there is none."""
    longer = [one for one in series if len(one.entries) > 1]
    if not longer:
        return None
    return Section(
        "History",
        notes=(
            "Each session is compared with the baseline of its series. Sessions differ by more "
            "than their intervals say, since they did not run side by side.",
        ),
        warnings=tuple(
            f"{one.name}: the newest is a regression." for one in longer if one.regressed
        ),
        plots=tuple(Plot(_plot(one), one.name) for one in longer if len(one.entries) >= _DRAWN),
        tables=tuple(table(one) for one in longer),
        folded=True,
    )


def table(series: Series) -> Table:
    """Return a table of one series, oldest session first."""
    median, interval = (units.heading(name, series.unit) for name in ("median", "interval"))
    columns = ("session", "file", median, interval, "ratio", "interval of the ratio", "verdict")
    numbers = frozenset((median, interval, "ratio", "interval of the ratio"))
    return Table(series.name, columns, tuple(map(_cells, series.entries)), numbers)


def ratio_span(found: Comparison) -> str:
    """Return the interval of a ratio as text, or that there are too few rounds for one."""
    if found.confidence == 0:
        return "too few rounds"
    return f"{found.low:.3f} to {found.high:.3f}"


def _cells(entry: Entry) -> tuple[Cell, ...]:
    row, found, summary = entry.row, entry.comparison, entry.row.summary
    return (
        Cell(row.session.id),
        Cell(row.measurement.subject.label),
        Cell(units.amount(summary.median, row.unit), summary.median) if summary else Cell(""),
        Cell(units.span(summary.low, summary.high, row.unit), summary.low) if summary else Cell(""),
        Cell("") if found is None else Cell(f"{found.ratio:.3f}", found.ratio),
        Cell("") if found is None else Cell(ratio_span(found)),
        Cell(entry.verdict),
    )


def _plot(series: Series) -> str:
    marked = [
        (plots.Bar(entry.row.minute, one.median, one.low, one.high), entry.verdict)
        for entry in series.entries
        if (one := entry.row.summary) is not None
    ]
    return plots.timeline(
        [bar for bar, _ in marked],
        series.unit,
        flagged=[verdict == "REGRESSION" for _, verdict in marked],
    )
