"""The report of a sweep: what was exported, as a section of a page."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.reports.parts import Cell, Section, Table
from _edgeship.export.sweep.report import COLUMNS, NUMBERS, cells, sentences, summary
from _edgeship.export.sweep.running import Counts, Finished


def exports_section(every: Sequence[Finished], counts: Counts) -> Section:
    """Return the section about the exports of a sweep, in their order."""
    rows = tuple(
        tuple(
            Cell(text, _value(one, heading))
            for heading, text in zip(COLUMNS, cells(one), strict=True)
        )
        for one in every
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
        warnings=tuple(sentences(every)),
        tables=(table,),
    )


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
