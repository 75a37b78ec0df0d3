"""Series of sessions as sections of a report, and as tables of the `history` command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from _edgeship.device_bench.reports import plots
from _edgeship.device_bench.reports.parts import Cell, Group, Plot, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.comparing import Comparison
from _edgeship.device_bench.results.history import TOLERANCE, Entry, Series

_NOTE = (
    "Each session is compared with the baseline of its series. Sessions differ by more than their "
    "intervals say, since they did not run side by side."
)

_NEWEST = ("file", "device", "how", "sessions", "newest", "median", "ratio", "verdict", "since")


def section(
    series: Sequence[Series], tolerance: float = TOLERANCE, *, folded: bool = True
) -> Section | None:
    """Return a section on the series with more than one session; None if there is none.

    Args:
        series: The series.
        tolerance: What they were judged with; as much above the baseline is drawn as a band.
        folded: Whether the section is closed at first.
    """
    longer = [one for one in series if len(one.entries) > 1]
    if not longer:
        return None
    return Section(
        "History",
        notes=(_NOTE,),
        warnings=tuple(
            f"{one.name}: the newest is a regression." for one in longer if one.regressed
        ),
        groups=tuple(_group(one, tolerance) for one in longer),
        folded=folded,
    )


def newest(series: Sequence[Series]) -> Section:
    """Return a section with a line for each series: its newest session, and since when it is so."""
    numbers = frozenset(("sessions", "median", "ratio"))
    table = Table(
        "",
        _NEWEST,
        tuple(map(_newest_cells, series)),
        numbers,
        choices=("file", "device", "verdict"),
        said_once=("how",),
    )
    return Section("Newest sessions", tables=(table,))


def trend_text(series: Series) -> str:
    """Return how medians went, and since when the verdict is what it is; "" if there is only one.

    Each sign of the first line stands for a session.
    """
    measured = [entry for entry in series.entries if entry.row.summary is not None]
    if len(measured) < 2:
        return ""
    medians = [entry.row.summary.median for entry in measured if entry.row.summary is not None]
    drawn = spark(medians[-_DRAWN:])
    span = units.span(min(medians), max(medians), series.unit)
    return f"trend {drawn}\nmedians {span}; {measured[-1].verdict} since {_since(series)}"


#: Sessions that fit a line of 80 columns.
_DRAWN = 70

#: The least that the signs span, as a fraction: less is noise, which would look like a mountain.
_LEAST = 0.1

_SIGNS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float]) -> str:
    """Return positive values as a row of bars, the lowest as the smallest."""
    low = min(values)
    reach = max(max(values) - low, _LEAST * low)
    last = len(_SIGNS) - 1
    return "".join(_SIGNS[round(last * (value - low) / reach)] for value in values)


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


def _group(series: Series, tolerance: float) -> Group:
    started = [entry.row.session.started for entry in series.entries]
    return Group(
        title=series.name,
        labels={"device": series.device, "file": series.file},
        newest=max(started)[:10].replace("-", ""),
        plot=_plot(series, tolerance),
        table=replace(table(series), title=""),
    )


def _newest_cells(series: Series) -> tuple[Cell, ...]:
    entry = series.entries[-1]
    summary, found = entry.row.summary, entry.comparison
    return (
        Cell(series.file),
        Cell(series.device),
        Cell(series.how),
        Cell(str(len(series.entries)), len(series.entries)),
        Cell(entry.row.day),
        Cell("")
        if summary is None
        else Cell(units.amount(summary.median, series.unit), summary.median),
        Cell("") if found is None else Cell(f"{found.ratio:.3f}", found.ratio),
        Cell(entry.verdict),
        Cell(_since(series)),
    )


def _since(series: Series) -> str:
    """Return the day on which the verdict became what it is."""
    turns = series.turns
    return series.entries[turns[-1] if turns else 0].row.day


def _plot(series: Series, tolerance: float) -> Plot | None:
    """Return the plot of a series, if more than one session measured something."""
    moments = [
        plots.Moment(
            at=datetime.fromisoformat(entry.row.session.started),
            median=one.median,
            low=one.low,
            high=one.high,
            flagged=entry.verdict == "REGRESSION",
            note=entry.verdict if place in series.turns else "",
        )
        for place, entry in enumerate(series.entries)
        if (one := entry.row.summary) is not None
    ]
    if len(moments) < 2:
        return None
    base = next(
        (
            entry.row.summary.median
            for entry in series.entries
            if entry.verdict == "baseline" and entry.row.summary is not None
        ),
        None,
    )
    band = None if base is None else (base / (1 + tolerance), base * (1 + tolerance))
    caption = "Median of each session, and its interval at 95 %."
    if base is not None:
        caption += f" Grey: within {100 * tolerance:g} % of the baseline."
    if series.turns:
        caption += " Dotted: where the verdict changed."
    return Plot(plots.trend(moments, series.unit, band), caption)
