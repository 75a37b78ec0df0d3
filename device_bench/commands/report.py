"""`report`: what was measured, as a page, as text, as CSV or as JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, printable, size

if TYPE_CHECKING:
    from _edgeship.device_bench.results.records import Session
    from _edgeship.device_bench.store.store import Store

SUFFIXES = (".html", ".md", ".csv", ".json")


def report(
    session: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SESSION]...", help="Ids of sessions; by default the newest."),
    ] = None,
    store: options.StoreOption = options.STORE,
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="Only sessions on this device, as adb:SERIAL.")
    ] = "",
    last: Annotated[
        int, typer.Option(metavar="N", min=1, help="At most this many sessions, the newest.")
    ] = 20,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="What to write: a page that opens offline (.html), text (.md), one line per "
            "measurement (.csv), or everything, with each run (.json).",
        ),
    ] = Path("build/report.html"),
) -> None:
    """Write what was measured into a file."""
    if out.suffix not in SUFFIXES:
        raise InputError(
            f"--out {out} does not say what to write.",
            todo=f"end its name in one of {', '.join(SUFFIXES)}",
        )
    from _edgeship.device_bench.reports.writing import write
    from _edgeship.device_bench.store.store import Filter, Store

    with Store(store, create=False) as opened:
        wanted = Filter(ids=tuple(session or ()), device=device)
        # Only what is shown is read: a store may hold a thousand times as much.
        chosen = opened.sessions(wanted if session else replace(wanted, last=last))
        if not chosen:
            raise InputError(
                f"{store} has no sessions{f' on {device}' if device else ''}.",
                todo="`python -m device_bench run FILE --device local` measures one",
            )
        left_out = 0 if session else opened.count(wanted) - len(chosen)
        text = _render(out.suffix, chosen, opened, left_out)
    write(out, text)
    console().print(printable(f"{out}: {_count(chosen)}, {size(len(text.encode()))}"))


def _render(suffix: str, chosen: list[Session], store: Store, left_out: int) -> str:
    if suffix == ".csv":
        from _edgeship.device_bench.reports import csv

        return csv.render(chosen)
    if suffix == ".json":
        from _edgeship.device_bench.reports import json

        return json.render(chosen)
    from _edgeship.device_bench.reports import history, html, markdown, sessions
    from _edgeship.device_bench.reports.writing import written_by
    from _edgeship.device_bench.results.history import all_series
    from _edgeship.device_bench.results.rows import rows

    every = rows(chosen)
    sections = sessions.sections(every)
    past = history.section(all_series(every, store.baselines()))
    if past is not None:
        sections.insert(0, past)
    older = f"; {left_out} older ones are left out (--last N shows more)" if left_out else ""
    written = f"{_count(chosen)} of {store.place}{older}. {written_by()}"
    render = html.render if suffix == ".html" else markdown.render
    return render("Measurements", written, sections)


def _count(sessions: list[Session]) -> str:
    return f"{len(sessions)} session{'' if len(sessions) == 1 else 's'}"
