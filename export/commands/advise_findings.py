"""The table of findings that `advise` prints, with the time that each change saves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from _edgeship.terminal.console import add_row, table

if TYPE_CHECKING:
    from rich.table import Table

    from _edgeship.device_bench.prediction.saving import Saving
    from _edgeship.export.advice.findings import Finding

#: Layers named in one row.
_NAMED = 3


@dataclass(frozen=True)
class Saved:
    """The time that the mends of the findings save on a device, by its fitted model.

    Attributes:
        times: One for each finding of the advice, None where it is not known; empty without a
            model.
        factor: By how much the ratio of two layers may be off.
        how_to_fit: The command that fits a model, if there is none.
    """

    times: tuple[Saving | None, ...]
    factor: float
    how_to_fit: str


@dataclass(frozen=True)
class Row:
    """Equal findings at several layers.

    Attributes:
        findings: They.
        saved: Memory access that mending all of them saves, in values.
        time: Time that it saves on the device; None if that is not known of each.
    """

    findings: tuple[Finding, ...]
    saved: int
    time: Saving | None


def grouped(findings: Sequence[Finding], times: Sequence[Saving | None]) -> list[Row]:
    """Return equal findings at several layers as one row, the largest saving first.

    Args:
        findings: All findings.
        times: What each of them saves.
    """
    groups: dict[tuple[str, str, str], list[tuple[Finding, Saving | None]]] = {}
    for finding, time in zip(findings, times, strict=True):
        key = (finding.guideline, finding.what, finding.mend)
        groups.setdefault(key, []).append((finding, time))
    rows = [
        Row(
            tuple(finding for finding, _ in group),
            sum(finding.avoidable or 0 for finding, _ in group),
            _together([time for _, time in group]),
        )
        for group in groups.values()
    ]
    return sorted(rows, key=lambda row: (-(row.time.time if row.time else 0.0), -row.saved))


def _together(times: Sequence[Saving | None]) -> Saving | None:
    known = [time for time in times if time is not None]
    if len(known) < len(times) or not known:
        return None
    return replace(
        known[0],
        time=sum(time.time for time in known),
        low=sum(time.low for time in known),
        high=sum(time.high for time in known),
        measured=all(time.measured for time in known),
        extrapolated=any(time.extrapolated for time in known),
    )


def findings_table(rows: Sequence[Row], memory_access: int, unit: str) -> Table:
    """Return the table of findings; with a unit, times that they save have a column."""
    from _edgeship.device_bench.results.units import heading

    heads = (heading("time saved", unit),) if unit else ()
    numbers = ("saves", *heads)
    made = table("", "layers", "what is there", "what would mend it", *numbers, numbers=numbers)
    for row in rows:
        names = [finding.layer for finding in row.findings[:_NAMED]]
        more = f" and {len(row.findings) - _NAMED} more" if len(row.findings) > _NAMED else ""
        first = row.findings[0]
        add_row(
            made,
            first.guideline,
            ", ".join(names) + more,
            first.what,
            first.mend,
            f"{row.saved / memory_access:.1%}" if row.saved else "",
            *((_saved_cell(row.time, unit),) if unit else ()),
        )
    made.caption = (
        "saves: part of the network's memory access, at the same mult-adds up to rounding. Layers\n"
        "share their channels with their neighbours: mend the layers of a unit together."
    )
    made.caption_justify = "left"
    return made


def _saved_cell(time: Saving | None, unit: str) -> str:
    """Return what a change saves with its interval: "0.31 ms (0.12 to 0.44)"."""
    from _edgeship.device_bench.results.units import scale

    if time is None:
        return ""
    divisor, name = (1e6, "ms") if unit == "ns" else scale(max(abs(time.time), 1.0), unit)
    ends = "unknown" if math.isinf(time.high) else f"{time.low / divisor:.3f} to "
    ends += "" if math.isinf(time.high) else f"{time.high / divisor:.3f}"
    return f"{time.time / divisor:.3f} {name} ({ends}){' *' if time.extrapolated else ''}"


def about_saved(saved: Saved, device: str) -> str:
    """Return what the saved times rest on, or how they would be known."""
    if saved.how_to_fit:
        return (
            f"How much time each change saves on {device} is told once a model is fitted to it: "
            f"{saved.how_to_fit}"
        )
    error = (
        "nothing is known of its error"
        if math.isinf(saved.factor)
        else f"the ratio of two layers is off by less than a factor of {saved.factor:.2f} in nine "
        "of ten cases, in networks that it had not seen"
    )
    return (
        f"time saved: by the fitted model of {device}; {error}, which is what the interval in "
        "brackets is. Layers that were measured here count with their measured time. *: "
        "extrapolated, to a kind or a size that the model was not fitted to."
    )
