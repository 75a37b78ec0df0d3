"""Devices beside one another: each file's median on each, and its ratio to a first file there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from _edgeship.device_bench.reports.parts import Cell, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.comparing import Comparison, compare
from _edgeship.device_bench.results.hardware import accelerator_text, why_not_compared
from _edgeship.device_bench.results.rows import Row, cores_text


def section(
    every: Sequence[Row], unit: str, titles: Mapping[str, str] | None = None
) -> Section | None:
    """Return a section with a table of files by devices; None with fewer than two devices.

    A cell is of the newest measurement of a file on a device in one way. The ratio is to the first
    file of the same session, which ran beside it.

    Args:
        every: The rows of sessions, oldest first.
        unit: The unit of the times that are shown; rows of others are left out.
        titles: SHA-256 -> what to call the file in a farm. Devices of one model share a column
            there, since each file is measured on one of them; and one column is enough.
    """
    some = [row for row in every if row.unit == unit and row.summary is not None]
    device = _device if titles is None else model_of
    devices = list(dict.fromkeys(map(device, some)))
    if len(devices) < (2 if titles is None else 1):
        return None
    newest = {(_file(row, titles or {}), device(row)): row for row in some}
    names = list(dict.fromkeys(_file(row, titles or {}) for row in some))
    cells = tuple(
        (Cell(name[0]), Cell(name[1]), *(_cell(newest.get((name, one))) for one in devices))
        for name in names
    )
    table = Table(
        "",
        ("file", "how", *devices),
        cells,
        numbers=frozenset(devices),
        said_once=("how",),
    )
    return Section(
        f"Devices: {units.heading('median', unit)}, and its ratio to the first file of its session",
        notes=("Of each file on each device the newest measurement; intervals are at 99.9 %.",),
        tables=(table,),
    )


def model_of(row: Row) -> str:
    """Return the model of the device of a row, or its selector if the model is not known."""
    return row.session.device.model or row.session.device.selector


def _device(row: Row) -> str:
    device = row.session.device
    return f"{device.model} ({device.selector})" if device.model else device.selector


def _file(row: Row, titles: Mapping[str, str]) -> tuple[str, str]:
    """Return what names a line: the file, with some of its digest, and how it ran."""
    one, settings = row.measurement.subject, row.measurement.settings
    threads = f"{settings.threads} thread{'' if settings.threads == 1 else 's'}"
    how = f"{settings.runner}, {accelerator_text(row.measurement)}, {threads}"
    label = titles.get(one.sha256, f"{one.label} {one.sha256[:6]}")
    return label, f"{how}, cores {cores_text(settings)}"


def _cell(row: Row | None) -> Cell:
    if row is None or row.summary is None:
        return Cell("")
    median = units.amount(row.summary.median, row.unit)
    found = _ratio(row)
    if found is None:
        return Cell(median, row.summary.median)
    return Cell(f"{median}, {_ratio_text(found)}", row.summary.median)


def _ratio(row: Row) -> Comparison | None:
    """Return how long a file takes compared with the first of its session, if that can be said."""
    one = row.measurement
    same = [
        other
        for other in row.session.measurements
        if other.settings == one.settings and any(each.process.runs for each in other.rounds)
    ]
    base = same[0]
    if base is one or why_not_compared(base, one):
        return None
    return compare(base.rounds, one.rounds)


def _ratio_text(found: Comparison) -> str:
    if found.confidence == 0:
        return f"{found.ratio:.3f} x (too few rounds)"
    if found.confidence == 1:
        return f"{found.ratio:.3f} x"
    return f"{found.ratio:.3f} x ({found.low:.3f} to {found.high:.3f})"
