"""What `sweep` prints and writes: its progress, one table, and the report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from _edgeship.export.sweep import report
from _edgeship.export.sweep.artifacts import Artifacts, link_names
from _edgeship.terminal.console import console, print_error, printable
from _edgeship.terminal.fitting import show_fitted
from _edgeship.terminal.invocation import current
from _edgeship.terminal.progress import bars

if TYPE_CHECKING:
    from rich.progress import Progress

    from _edgeship.export.sweep.evaluations import Judged
    from _edgeship.export.sweep.running import Counts, Finished
    from _edgeship.export.sweep.variants import Variant

#: Rows of the table that a terminal gets; all are in the report.
_SHOWN = 200


class SweepProgress:
    """Shows on stderr what is finished: a bar on a terminal, else a line for each file.

    Args:
        total: How many files are wanted.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()
        self._found: list[Finished] = []
        self._bar: Progress | None = None
        if sys.stderr.isatty() and not current().quiet:
            self._bar = bars()
            self._bar.add_task("files", total=total)

    def __enter__(self) -> SweepProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def finished(self, one: Finished) -> None:
        """Take a file into account, and show it unless it was there before."""
        self._found.append(one)
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])
        if not one.before:
            done = f"[{len(self._found)}/{self._total}, {time.monotonic() - self._began:.0f} s]"
            why = f": {one.why}" if one.why else ""
            self.say(f"{done} {one.status} {one.variant.title}{why}")

    def say(self, text: str) -> None:
        """Show a line."""
        if self._bar is not None:
            self._bar.console.print(printable(text), markup=False, highlight=False)
        elif not current().quiet:
            print_error(text)

    def in_order(self, variants: Sequence[Variant]) -> list[Finished]:
        """Return what is finished, in the order of the sweep file."""
        return report.in_order(self._found, variants)


def show(every: Sequence[Finished], counts: Counts, judged: Sequence[Judged] = ()) -> None:
    """Print the tables, the reasons of what is not there, and how much came out."""
    output = console()
    _table(report.COLUMNS, [report.cells(one) for one in every], report.NUMBERS)
    output.print()
    show_judged(judged)
    for text in report.sentences(every):
        output.print(printable(text), soft_wrap=True)
    output.print(report.summary(every, counts), soft_wrap=True)


def show_judged(judged: Sequence[Judged]) -> None:
    """Print how good files are, if any were evaluated."""
    if not judged:
        return
    output = console()
    numbers = report.JUDGED[len(report.NAMES) :]
    _table(report.JUDGED, [report.judged_cells(one) for one in judged], numbers)
    output.print()
    for text in (*report.judged_sentences(judged), report.judged_summary(judged)):
        output.print(printable(text), soft_wrap=True)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str]) -> None:
    """Print a table whose first columns say what a variant is, in each of its parts."""
    columns, rows = report.without_empty(columns, rows)
    names = sum(name in columns for name in report.NAMES)
    show_fitted(columns, rows[:_SHOWN], names=names, numbers=numbers)
    if len(rows) > _SHOWN:
        console().print(f"and {len(rows) - _SHOWN} more in the report")


def write_report(
    every: Sequence[Finished],
    counts: Counts,
    artifacts: Artifacts,
    judged: Sequence[Judged] = (),
    more: Sequence[Any] = (),
) -> dict[str, Any]:
    """Write report.html, report.md and report.json, and the links with names for people.

    Args:
        every: What became of each file.
        counts: How much was done.
        artifacts: Where files and report are.
        judged: What became of each evaluation.
        more: Further sections for page and text.

    Returns:
        What report.json holds.
    """
    from _edgeship.device_bench.farm.pages import exports_section, judged_section
    from _edgeship.device_bench.reports import html, markdown
    from _edgeship.device_bench.reports.writing import write, written_by

    link_names(
        artifacts, {_name(one): one.made.key for one in every if one.status == "ok" and one.made}
    )
    evaluations = [judged_section(judged)] if judged else []
    sections = [*more, *evaluations, exports_section(every, counts)]
    found_of = {one.variant.identity: one for one in judged}
    found = {
        "exports_started": counts.started,
        "exports_again": counts.again,
        "known_before": counts.found,
        "files": [
            report.as_dict(one, artifacts, found_of.get(one.variant.identity)) for one in every
        ],
    }
    for name, text in (
        ("report.html", html.render("Sweep", written_by(), sections)),
        ("report.md", markdown.render("Sweep", written_by(), sections)),
        ("report.json", json.dumps(found, indent=1) + "\n"),
    ):
        write(artifacts.folder / name, text)
    return found


def _name(one: Finished) -> str:
    """Return the path of a link with a name for people."""
    from _edgeship.export.network.network import file_name

    variant = one.variant
    words = filter(None, (variant.target, variant.scheme, variant.options))
    return str(Path(file_name(variant.network)) / "-".join(map(file_name, words)))


def leave(every: Sequence[Finished], judged: Sequence[Judged] = ()) -> None:
    """Exit with 3 where something failed."""
    if "failed" in {*(one.status for one in every), *(one.status for one in judged)}:
        raise typer.Exit(3)
