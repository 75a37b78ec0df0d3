"""A measured grid of networks as a section of a report: a table, and the paper's Figure 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from _edgeship.device_bench.reports import plots
from _edgeship.device_bench.reports.parts import Cell, Plot, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.hardware import SOFTWARE, on_software
from _edgeship.device_bench.results.rows import Row
from _edgeship.device_bench.studies.zoo import Entry

_FLOAT = (
    "Accuracy is that of the network in float. How much of it a scheme costs depends on the "
    "weights: --weights with --data evaluates the files themselves."
)
_PAPER = (
    "The same networks in the paper, one thread of a Snapdragon 810: 1000 ms over the images per "
    "second of its Table 8."
)


@dataclass(frozen=True)
class Measured:
    """A file of the grid and its measurement.

    Attributes:
        entry: The file.
        row: Its measurement, which has a summary.
    """

    entry: Entry
    row: Row

    @property
    def median(self) -> float:
        """Median of the runs, in the unit of the device."""
        if self.row.summary is None:
            raise ValueError(f"{self.entry.path} was not measured")
        return self.row.summary.median


def join(entries: Sequence[Entry], rows: Sequence[Row]) -> list[Measured]:
    """Return the files of the grid that were measured, in the grid's order."""
    by_path = {row.measurement.subject.path: row for row in rows if row.summary is not None}
    return [
        Measured(entry, by_path[str(entry.path)]) for entry in entries if str(entry.path) in by_path
    ]


def section(measured: Sequence[Measured]) -> Section:
    """Return the table and the drawings of a grid on one device.

    Args:
        measured: At least one, all of one session.
    """
    session = measured[0].row.session
    return Section(
        f"Networks on {session.device.model or session.device.selector}, session {session.id}",
        notes=notes(measured),
        plots=tuple(_plots(measured, session.device.unit)),
        tables=(table(measured),),
    )


def notes(measured: Sequence[Measured]) -> tuple[str, ...]:
    """Return what a reader needs to know: the unit, and whose figures the accuracies are."""
    known = [one.entry.accuracy for one in measured if one.entry.accuracy]
    found = [units.NOT_TIME] if measured[0].row.unit == units.INSTRUCTIONS else []
    if any(on_software(one.row.measurement) for one in measured):
        found.append(SOFTWARE)
    if not all(one.of_file for one in known):
        found.append(_FLOAT)
    found += [f"Accuracy: {source}." for source in dict.fromkeys(one.source for one in known)]
    return tuple(found)


def table(measured: Sequence[Measured]) -> Table:
    """Return a row for each file of the grid.

    Args:
        measured: At least one, all of one session.
    """
    unit = measured[0].row.unit
    median, interval = (units.heading(name, unit) for name in ("median", "interval"))
    numbers: tuple[str, ...] = ("mult-adds", "top-1", median, interval, "paper, ARM")
    if not any(one.entry.paper_speed for one in measured):
        numbers = numbers[:-1]
    columns = ("model", "scheme", *numbers)
    cells = tuple(_cells(one)[: len(columns)] for one in measured)
    return Table("", columns, cells, frozenset(numbers), choices=("scheme",))


def _cells(one: Measured) -> tuple[Cell, ...]:
    entry, summary, unit = one.entry, one.row.summary, one.row.unit
    if summary is None:
        raise ValueError(f"{entry.path} was not measured")
    accuracy, speed = entry.accuracy, entry.paper_speed
    return (
        Cell(entry.model),
        Cell(entry.scheme),
        Cell(f"{entry.mult_adds / 1e6:.1f} M", entry.mult_adds),
        Cell("") if accuracy is None else Cell(f"{accuracy.percent:.1f} %", accuracy.percent),
        Cell(units.amount(summary.median, unit), summary.median),
        Cell(units.span(summary.low, summary.high, unit), summary.low),
        Cell("") if speed is None else Cell(f"{speed:g} images/s", speed),
    )


def _plots(measured: Sequence[Measured], unit: str) -> list[Plot]:
    """Return two plots for each scheme, and the paper's two if it measured these networks."""
    divisor, name = units.axis(max(one.median for one in measured), unit)
    across = name if unit == units.INSTRUCTIONS else f"median, {name}"
    drawn = []
    for scheme in dict.fromkeys(one.entry.scheme for one in measured):
        times = {one.entry: one.median / divisor for one in measured if one.entry.scheme == scheme}
        drawn += _pair(times, across, f"Scheme {scheme}")
    paper = {one.entry.model: one.entry for one in measured if one.entry.paper_speed}
    if len(paper) > 1:
        times = {entry: 1000 / (entry.paper_speed or 1) for entry in paper.values()}
        drawn += _pair(times, "mean, ms", _PAPER)
    return drawn


def _pair(times: dict[Entry, float], across: str, what: str) -> list[Plot]:
    accurate = [
        plots.Point(entry.width, entry.family, time, entry.accuracy.percent)
        for entry, time in times.items()
        if entry.accuracy is not None
    ]
    costly = [
        plots.Point(entry.width, entry.family, time, entry.mult_adds / 1e6)
        for entry, time in times.items()
    ]
    what = what.rstrip(".")
    shown = plots.scatter(costly, across, "M mult-adds")
    drawn = [Plot(shown, f"{what}: mult-adds.")]
    if accurate:
        shown = plots.scatter(accurate, across, "top-1, %")
        drawn.insert(0, Plot(shown, f"{what}: top-1 accuracy."))
    return drawn
