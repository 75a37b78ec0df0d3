"""What `farm` prints and writes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from _edgeship.device_bench.farm.values import TARGET
from _edgeship.terminal.console import console, print_json, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _edgeship.device_bench.farm.phones import Phones
    from _edgeship.device_bench.farm.values import Measured
    from _edgeship.device_bench.results.rows import Row
    from _edgeship.device_bench.store.store import Store
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.evaluations import Judged
    from _edgeship.export.sweep.running import Exports, Finished
    from _edgeship.export.sweep.variants import Variant


def report(
    every: list[Finished],
    judged: Sequence[Judged],
    measured: list[Measured],
    exports: Exports,
    phones: Phones,
    artifacts: Artifacts,
    store: Store,
    *,
    as_json: bool,
) -> None:
    """Write the report of a farm, print what came out, and exit with 3 where something failed.

    Args:
        every: What became of each file, in the order of the sweep.
        judged: What became of each evaluation, likewise.
        measured: What became of each work for phones.
        exports: The source of all exports.
        phones: The source of all jobs with phones.
        artifacts: Where files and report are.
        store: Where sessions are.
        as_json: Whether to print JSON.
    """
    from _edgeship.device_bench.farm.pages import MOST_SHOWN, measured_sections
    from _edgeship.device_bench.farm.results import rows_of
    from _edgeship.export.commands.sweep_view import leave, show_judged, write_report

    titles: dict[str, str] = {}
    for one in every:
        if one.made is not None and one.status == "ok" and one.variant.target == TARGET:
            titles.setdefault(one.made.sha256, _title(one.variant))
    rows = rows_of(store, list(titles)[:MOST_SHOWN])
    sections = measured_sections(measured, rows, titles)
    written = write_report(every, exports.counts, artifacts, judged, sections)
    failed = [one for one in measured if one.status == "failed"]
    if as_json:
        print_json({**written, **_measured_json(measured, phones, rows)})
    else:
        _show(every, failed, measured, exports, phones, rows)
        show_judged(judged)
        console().print(printable(f"report: {artifacts.folder / 'report.html'}"), soft_wrap=True)
    leave(every, judged)
    if failed:
        raise typer.Exit(3)


def _title(one: Variant) -> str:
    return " ".join(filter(None, (one.network, one.scheme, one.options)))


def _measured_json(
    measured: Sequence[Measured], phones: Phones, rows: Sequence[Row]
) -> dict[str, Any]:
    return {
        "measured": [
            {
                "files_of": one.work.title,
                "files": dict(one.work.files),
                "on": one.work.on,
                "status": one.status,
                "phone": one.phone,
                "tried": one.work.tried,
                "why": one.why,
                "before": one.before,
            }
            for one in measured
        ],
        "measured_again": phones.again,
        "left_to_others": phones.left,
        "phones": [
            {"selector": one.selector, "model": one.model, "state": one.state, "jobs": one.done}
            for one in phones.phones
        ],
        "sessions": sorted({row.session.id for row in rows}),
    }


def _show(
    every: Sequence[Finished],
    failed: Sequence[Measured],
    measured: Sequence[Measured],
    exports: Exports,
    phones: Phones,
    rows: Sequence[Row],
) -> None:
    """Print files by models of phones, what was not measured, and how much was done."""
    from _edgeship.device_bench.farm.pages import medians
    from _edgeship.export.sweep.report import sentences, summary, without_empty
    from _edgeship.terminal.fitting import show_fitted

    found = medians(rows)
    models = list(dict.fromkeys(model for _, model in found))
    cells = [
        (
            one.variant.network,
            one.variant.scheme,
            one.variant.options,
            one.status,
            *(found.get((one.made.sha256 if one.made else "", model), "") for model in models),
        )
        for one in every
        if one.variant.target == TARGET
    ]
    columns, shown = without_empty(("network", "scheme", "options", "export", *models), cells)
    names = sum(name in columns for name in ("network", "scheme", "options"))
    output = console()
    output.print("Medians by model of phone:" if models else "Nothing was measured.")
    show_fitted(columns, shown, names=names, numbers=models)
    output.print()
    for text in sentences(every):
        output.print(printable(text), soft_wrap=True)
    for one in failed:
        text = f"not measured: {one.work.title} on {one.work.on}: {one.why}"
        output.print(printable(text), soft_wrap=True)
    output.print(summary(every, exports.counts), soft_wrap=True)
    if phones.left:
        output.print(
            f"{phones.left} jobs were left to other farms: no phone that can do them is left here.",
            soft_wrap=True,
        )
    before = sum(one.before for one in measured)
    done = sum(one.status == "ok" for one in measured) - before
    again = f", {phones.again} of them again" if phones.again else ""
    output.print(
        f"{len(measured)} jobs for phones: {done} done{again}, {before} known before, "
        f"{len(failed)} failed.",
        soft_wrap=True,
    )
