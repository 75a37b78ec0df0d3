"""The report of a sweep: what was exported and what was measured, as sections of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from _edgeship.device_bench.farm.values import Measured
from _edgeship.device_bench.reports import matrix
from _edgeship.device_bench.reports.parts import Cell, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.rows import Row
from _edgeship.export.sweep.evaluations import Judged
from _edgeship.export.sweep.report import (
    COLUMNS,
    JUDGED,
    NAMES,
    NUMBERS,
    cells,
    judged_cells,
    judged_sentences,
    judged_summary,
    sentences,
    summary,
)
from _edgeship.export.sweep.running import Counts, Finished

_UNITS = ("ns", units.INSTRUCTIONS)

#: The most files that a page shows; report.json has all.
MOST_SHOWN = 2000


def exports_section(every: Sequence[Finished], counts: Counts) -> Section:
    """Return the section about the exports of a sweep, in their order."""
    rows = tuple(
        tuple(
            Cell(text, _value(one, heading))
            for heading, text in zip(COLUMNS, cells(one), strict=True)
        )
        for one in every[:MOST_SHOWN]
    )
    table = Table(
        "",
        COLUMNS,
        rows,
        numbers=frozenset(NUMBERS),
        choices=("network", "target", "scheme", "options", "result"),
        said_once=("target", "options"),
    )
    return Section(
        "Exports",
        notes=(
            summary(every, counts),
            "Seconds and memory are of the export that made a file, with all schemes that were "
            "made beside it. SQNR is that of its outputs against the network's.",
        ),
        warnings=(*_left_out(len(every)), *sentences(every)),
        tables=(table,),
    )


def judged_section(every: Sequence[Judged]) -> Section:
    """Return the section about the evaluations of a sweep, in their order."""
    rows = tuple(
        tuple(
            Cell(text, _judged_value(one, heading))
            for heading, text in zip(JUDGED, judged_cells(one), strict=True)
        )
        for one in every[:MOST_SHOWN]
    )
    table = Table(
        "",
        JUDGED,
        rows,
        numbers=frozenset(JUDGED[len(NAMES) :]),
        choices=NAMES,
        said_once=("target", "options"),
    )
    return Section(
        "Evaluations",
        notes=(
            judged_summary(every),
            "Each file ran on the same pictures as the network that it was made of. Points gained "
            "are of top-1, and negative where the file is worse; in brackets are 95 % intervals.",
        ),
        warnings=(*_left_out(len(every)), *judged_sentences(every)),
        tables=(table,),
    )


def _judged_value(one: Judged, heading: str) -> float | None:
    found = one.found
    if found is None or heading in NAMES:
        return None
    if heading == "SQNR":
        return found.sqnr_db
    shares = {
        "top-1": found.top1,
        "points gained": found.difference,
        "same class": found.agreement,
    }
    share = shares[heading]
    return None if share is None else share.value


def _value(one: Finished, heading: str) -> float | None:
    made = one.made
    if made is None or heading not in NUMBERS:
        return None
    found: float | None = {
        "size": made.size,
        "SQNR": made.sqnr_db,
        "seconds": made.seconds,
        "memory": made.peak_bytes,
    }[heading]
    return found


def _left_out(count: int) -> list[str]:
    if count <= MOST_SHOWN:
        return []
    return [f"Only the first {MOST_SHOWN} of {count} files are shown; report.json has all."]


def measured_sections(
    every: Sequence[Measured], found: Sequence[Row], titles: Mapping[str, str]
) -> list[Section]:
    """Return the sections about what was measured: models by files, and what was not measured.

    Args:
        every: What became of each work.
        found: All measurements of the sweep's files, oldest first.
        titles: SHA-256 of a file -> what to call it.
    """
    sections = [
        part for unit in _UNITS if (part := matrix.section(found, unit, titles)) is not None
    ]
    failed = tuple(one for one in every if one.status == "failed")
    if failed:
        rows = tuple((Cell(one.work.title), Cell(one.work.on), Cell(one.why)) for one in failed)
        table = Table("", ("files of", "on", "why"), rows)
        sections.append(Section("Not measured", tables=(table,)))
    return sections


def medians(found: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return (SHA-256 of a file, model) -> the newest median there, with its unit.

    Args:
        found: Measurements, oldest first.
    """
    return {
        (row.measurement.subject.sha256, matrix.model_of(row)): _with_unit(row)
        for row in found
        if row.summary is not None
    }


def _with_unit(row: Row) -> str:
    if row.summary is None:
        return ""
    text = units.amount(row.summary.median, row.unit)
    return text if row.unit == "ns" else f"{text} instr."
