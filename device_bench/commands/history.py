"""`history`: one network over time, and whether it became slower."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.device_bench.commands import gating, options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, print_json, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.results.history import Series


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
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="PERCENT", min=0, help="How much slower is not yet called a regression."
        ),
    ] = 5.0,
    junit: gating.JUnitOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Compare sessions that measured the same thing with their baseline.

    A regression is a ratio whose whole interval is above the tolerance; if the newest session of
    a series is one, or has too few rounds to tell, the exit code is 3.
    """
    from _edgeship.device_bench.results.history import all_series, choose_baseline
    from _edgeship.device_bench.results.rows import rows
    from _edgeship.device_bench.store.store import Filter, Store

    with Store(store, create=False) as opened:
        measured = rows(opened.sessions(Filter(device=device, subject=name, alone=True)))

        def compared() -> list[Series]:
            return all_series(measured, opened.baselines(), subject=name, tolerance=tolerance / 100)

        series = compared()
        if not series:
            raise InputError(
                f"{store} has no session{f' with {name}' if name else ''}"
                f"{f' on {device}' if device else ''}.",
                todo="`python -m device_bench report` shows what it has",
            )
        if baseline:
            for one in choose_baseline(series, baseline):
                opened.set_baseline(one, baseline)
            series = compared()
    if as_json:
        print_json({"series": [_as_dict(one) for one in series]})
    else:
        _show(series)
    checks = gating.regression_checks(series, tolerance / 100)
    gating.tell_servers("history", checks, junit)
    gating.leave(checks)


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


def _show(series: list[Series]) -> None:
    from _edgeship.device_bench.reports.history import table as contents

    output = console()
    for one in series:
        shown = contents(one)
        output.print(printable(one.name))
        cells = [[cell.text for cell in row] for row in shown.rows]
        show_fitted(shown.columns, cells, numbers=tuple(shown.numbers))
        output.print()
    if all(len(one.entries) == 1 for one in series):
        output.print("nothing to compare yet: measure again, then run this again")
    else:
        output.print("next: `python -m device_bench report` draws it")
