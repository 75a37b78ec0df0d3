"""`history`: one network over time, and whether it became slower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.device_bench.commands import gating, options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, print_json, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.results.history import Series
    from _edgeship.device_bench.results.rows import Row

SUFFIXES = (".html", ".md")

#: The most rounds that are compared at once: each takes 17 kB, and all together some minutes.
MOST_ROUNDS = 200_000

#: Lines of a series on a terminal, and how many of these are of the newest sessions.
_LINES, _NEWEST = 16, 5


def history(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]", help="A network, or a file's label, path or SHA-256; all by default."
        ),
    ] = "",
    store: options.StoreOption = options.STORE,
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="Only sessions on this device, as adb:SERIAL.")
    ] = "",
    baseline: Annotated[
        str,
        typer.Option(
            metavar="SESSION",
            help="Compare with this session, now and later. By default the oldest.",
        ),
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="2026-11-22",
            formats=["%Y-%m-%d"],
            help="Only sessions from this day on (UTC). Those before are not read; where none was "
            "remembered with --baseline, the oldest from then on is the baseline.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="PERCENT", min=0, help="How much slower is not yet called a regression."
        ),
    ] = 5.0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a page with a plot of each series over time, to be filtered by "
            "device, file and day (.html), or text (.md).",
        ),
    ] = None,
    junit: gating.JUnitOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Compare sessions that measured the same thing with their baseline.

    A regression is a ratio whose whole interval is above the tolerance; if the newest session of
    a series is one, or has too few rounds to tell, the exit code is 3.
    """
    if out is not None and out.suffix not in SUFFIXES:
        raise InputError(
            f"--out {out} does not say what to write.",
            todo=f"end its name in {' or '.join(SUFFIXES)}",
        )
    from _edgeship.device_bench.results.history import all_series, choose_baseline
    from _edgeship.device_bench.results.rows import rows
    from _edgeship.device_bench.store.store import Filter, Store

    day = "" if since is None else f"{since:%Y-%m-%d}"
    wanted = Filter(device=device, subject=name, since=day, alone=True)
    with Store(store, create=False) as opened:
        _check_size(opened.count_rounds(wanted))
        measured = rows(opened.sessions(wanted))

        def compared() -> list[Series]:
            known = opened.baselines()
            return all_series(
                measured, known, subject=name, tolerance=tolerance / 100, older=older(known)
            )

        def older(known: Mapping[str, str]) -> list[Row]:
            """Return what was remembered as a baseline, and is too old to be shown."""
            ids = {one for one in known.values() if day and one < day.replace("-", "")}
            if not ids:
                return []
            return rows(opened.sessions(replace(wanted, since="", ids=tuple(sorted(ids)))))

        series = compared()
        if not series:
            raise InputError(
                f"{store} has no session{f' with {name}' if name else ''}"
                f"{f' on {device}' if device else ''}{f' since {day}' if day else ''}.",
                todo="`python -m device_bench report` shows what it has",
            )
        if baseline:
            for one in choose_baseline(series, baseline):
                opened.set_baseline(one, baseline)
            series = compared()
    if out is not None:
        _write(out, series, tolerance / 100, str(store))
    if as_json:
        print_json({"series": [_as_dict(one) for one in series]})
    else:
        _show(series, out)
    checks = gating.regression_checks(series, tolerance / 100)
    gating.tell_servers("history", checks, junit)
    gating.leave(checks)


def _check_size(rounds: int) -> None:
    """Refuse what would take hours and all memory, before it begins.

    Raises:
        InputError: The rounds are too many.
    """
    if rounds > MOST_ROUNDS:
        raise InputError(
            f"That is a history of {rounds:,} rounds, and {MOST_ROUNDS:,} is the most.",
            why=f"it would take about {rounds * 17 / 1e6:.0f} GB of memory",
            todo="name a network or a file, or --device, or --since",
        )


def _as_dict(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "unit": series.unit,
        "baseline": series.baseline,
        "regressed": series.regressed,
        "entries": [
            {
                "session": entry.row.session.id,
                "file": entry.row.measurement.subject.label,
                "sha256": entry.row.measurement.subject.sha256,
                "summary": None if entry.row.summary is None else asdict(entry.row.summary),
                "comparison": None if entry.comparison is None else asdict(entry.comparison),
                "verdict": entry.verdict,
            }
            for entry in series.entries
        ],
    }


def _write(out: Path, series: Sequence[Series], tolerance: float, store: str) -> None:
    from _edgeship.device_bench.reports import history as parts
    from _edgeship.device_bench.reports import html, markdown
    from _edgeship.device_bench.reports.writing import write, written_by

    found = parts.section(series, tolerance, folded=False)
    sections = [parts.newest(series), *([] if found is None else [found])]
    count = f"{len(series)} series of {store}"
    render = html.render if out.suffix == ".html" else markdown.render
    write(out, render("History", f"{count}. {written_by()}", sections))


def _show(series: Sequence[Series], out: Path | None) -> None:
    from _edgeship.device_bench.reports.history import table, trend_text

    output = console()
    for one in series:
        output.print(printable(one.name), soft_wrap=True)
        places = _shown(one)
        shown = table(replace(one, entries=tuple(one.entries[place] for place in places)))
        cells = [[cell.text for cell in row] for row in shown.rows]
        show_fitted(shown.columns, cells, numbers=tuple(shown.numbers))
        left_out = len(one.entries) - len(places)
        if left_out:
            output.print(f"{left_out} more in between, each as the one before it; --json has all")
        trend = trend_text(one)
        if trend:
            output.print(trend, soft_wrap=True)
        output.print()
    if all(len(one.entries) == 1 for one in series):
        output.print("nothing to compare yet: measure again, then run this again")
    elif out is None:
        output.print("next: `python -m device_bench history --out build/history.html` draws it")
    if out is not None:
        output.print(printable(f"Written: {out}"), soft_wrap=True)


def _shown(series: Series) -> list[int]:
    """Return the places of the entries that a terminal has room for: all, or those that matter."""
    count = len(series.entries)
    if count <= _LINES:
        return list(range(count))
    base = [place for place, entry in enumerate(series.entries) if entry.verdict == "baseline"]
    newest = range(count - _NEWEST, count)
    # A verdict that goes to and fro would fill the page.
    turns = series.turns[-(_LINES - _NEWEST - len(base)) :]
    return sorted({*base, *turns, *newest})
