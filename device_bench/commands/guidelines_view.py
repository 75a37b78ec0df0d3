"""The tables, the verdicts and the JSON that `guidelines` prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from _edgeship.device_bench.commands.options import STORE
from _edgeship.device_bench.results.hardware import SOFTWARE
from _edgeship.device_bench.results.units import INSTRUCTIONS, NOT_TIME, amount, heading
from _edgeship.device_bench.studies.guideline_words import interval, overview, sentence
from _edgeship.device_bench.studies.guidelines import STATEMENTS, ColumnResult, paper_side
from _edgeship.terminal.console import console, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.store.place import Place
    from _edgeship.device_bench.studies.guidelines import RowResult

_PAPER = {
    "arm": "one thread of a Snapdragon 810, float32",
    "gpu": "a GTX 1080 Ti in batches of 8, float32",
}

_FAST_RUNS = (
    "Ratios are of the fast runs of each round, which other programs disturb least; on a busy "
    "device they differ from the ratios of the medians."
)
_NO_MEMORY = (
    "The paper explains G1 and G2 by memory access, which instructions do not show: what differs "
    "here is the work of the kernels at these numbers of channels and groups."
)

_FIGURES = re.compile(r"[0-9.]+")


def as_dict(device: str, results: Sequence[ColumnResult], planned: int) -> dict[str, Any]:
    """Return all results for JSON; each column says the unit of its times."""
    return {
        "device": device,
        "complete": len(results) == planned,
        "columns": [
            {
                "guideline": result.column.guideline,
                "statement": STATEMENTS[result.column.guideline],
                "channels": result.column.channels,
                "scale": result.column.scale,
                "side": result.column.side or paper_side(result.column),
                "scheme": result.column.scheme,
                "session": result.session,
                "unit": result.unit,
                "accelerator": result.hardware,
                "software": result.on_software,
                "verdict": result.verdict,
                "sentence": sentence(result),
                "recommended": result.recommended.label,
                "warned_of": result.warned_of.label,
                "warnings": list(result.warnings),
                "rows": [asdict(row) for row in result.rows],
            }
            for result in results
        ],
    }


def show(device: str, results: Sequence[ColumnResult], planned: int, store: Place) -> None:
    """Print a table for each column, then all verdicts together."""
    output = console()
    for result in results:
        output.print(printable(_title(result)), soft_wrap=True)
        _show_rows(result)
        output.print()
    ran_on = results[0].hardware
    where = device if ran_on == "cpu" else f"{device}, {ran_on}"
    output.print(printable(f"on {where}:"), soft_wrap=True)
    if results[0].on_software:
        output.print(printable(SOFTWARE), soft_wrap=True)
    if any(result.unit == INSTRUCTIONS for result in results):
        output.print(printable(f"{NOT_TIME} {_NO_MEMORY}"), soft_wrap=True)
    else:
        output.print(_FAST_RUNS, soft_wrap=True)
    for result in results:
        where = f"x{result.column.scale}, {result.column.scheme}{_side(result)}"
        output.print(printable(f"  {sentence(result)} ({where})"), soft_wrap=True)
    if len({result.column.scale for result in results}) > 1:
        columns, lines = overview(results)
        output.print()
        show_fitted(columns, lines, names=2)
        output.print("? no difference shown; - too few rounds")
    for text in grouped([text for result in results for text in result.warnings]):
        output.print(printable(f"warning: {text}"), soft_wrap=True)
    if len(results) < planned:
        output.print(f"{planned - len(results)} of {planned} columns were not measured")
    output.print("next:")
    sessions = " ".join(result.session for result in results)
    option = "" if store == STORE else f" --store {shlex.quote(str(store))}"
    output.print(printable(f"  python -m device_bench report {sessions}{option}"), soft_wrap=True)


def grouped(warnings: Sequence[str]) -> list[str]:
    """Return the first of any warnings that differ only in figures, with the number of others."""
    alike: dict[str, list[str]] = {}
    for text in dict.fromkeys(warnings):
        alike.setdefault(_FIGURES.sub("", text), []).append(text)
    return [
        first + (f" ({len(others)} more with other figures)" if others else "")
        for first, *others in alike.values()
    ]


def _title(result: ColumnResult) -> str:
    column = result.column
    ran_on = "" if result.hardware == "cpu" else f", on {result.hardware}"
    return (
        f"{column.guideline}: {STATEMENTS[column.guideline]}\n"
        f"Table {column.guideline[1]}, {column.channels} channels x{column.scale}, "
        f"{column.scheme}{ran_on}{_side(result)}; the paper measured {_PAPER[column.channels]}"
    )


def _side(result: ColumnResult) -> str:
    """Return how large the inputs are, where they are not as large as the paper's."""
    side, paper = result.column.side, paper_side(result.column)
    return "" if side in (None, paper) else f", inputs of {side}x{side} and not {paper}x{paper}"


def _show_rows(result: ColumnResult) -> None:
    time = heading("median", result.unit)
    numbers = ("mult-adds", time, "to best", "paper", f"to {result.recommended.label}", "paper ")
    rows = [
        (
            row.label,
            f"{row.mult_adds / 1e6:.1f} M",
            amount(row.time, result.unit),
            f"{row.to_best:.2f}",
            f"{row.paper_to_best:.2f}",
            interval(row),
            f"{row.paper_ratio:.2f}",
            "" if row is result.recommended else _than_mult_adds(row),
        )
        for row in result.rows
    ]
    show_fitted(("row", *numbers, ""), rows, numbers=numbers)


def _than_mult_adds(row: RowResult) -> str:
    """Return whether a row costs more than its mult-adds explain."""
    words = {"holds": "slower", "does not hold": "faster"}
    return words.get(row.verdict, row.verdict)
