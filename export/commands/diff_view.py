"""What `diff` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from _edgeship.export.commands.evaluate_view import show as show_evaluation
from _edgeship.export.differences.results import (
    Change,
    Differences,
    FileDifferences,
    OutputDistance,
    OutputsComparison,
)
from _edgeship.terminal.console import add_row, console, printable, table

if TYPE_CHECKING:
    from rich.table import Table

#: How many characters of a value are shown.
_LONGEST = 60


def show(found: Differences) -> None:
    """Print what changed, and what that means for the app."""
    output = console()
    output.print(printable(f"{found.before} -> {found.after}"), soft_wrap=True)
    for note in found.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    several = len(found.files) > 1
    if found.changes:
        output.print()
        output.print(_changes(found.changes, "in all files" if several else ""))
    for file in found.files:
        _show_file(file, several)
    output.print()
    output.print(found.verdict + (":" if found.breaking else ""))
    for one in found.breaking:
        output.print(printable(f"  {one}"), soft_wrap=True)


def _show_file(file: FileDifferences, several: bool) -> None:
    output = console()
    told = file.changes or file.outputs is not None or file.accuracy is not None or file.notes
    if several:
        state = "the same bytes" if file.same_bytes else "" if told else "nothing changed"
        output.print()
        output.print(printable(f"{file.after}{': ' if state else ''}{state}"), soft_wrap=True)
    for note in file.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    if file.changes:
        if not several:
            output.print()
        output.print(_changes(file.changes))
    if file.outputs is not None:
        output.print()
        _show_outputs(file.outputs)
    if file.accuracy is not None:
        output.print()
        show_evaluation(file.accuracy)


def _changes(changes: Sequence[Change], title: str = "") -> Table:
    """Return the changes, those that concern the app marked."""
    shown = table("", "", "before", "after", "")
    if title:
        shown.title, shown.title_justify, shown.title_style = title, "left", ""
    topic = ""
    for one in changes:
        add_row(
            shown,
            one.topic if one.topic != topic else "",
            one.what,
            _words(one.before),
            _words(one.after),
            "<- the app" if one.app else "",
        )
        topic = one.topic
    return shown


def _show_outputs(found: OutputsComparison) -> None:
    output = console()
    if found.problem:
        words = f"The outputs were not compared: {found.problem}"
        output.print(printable(words), soft_wrap=True)
        return
    words = f"both run on {found.samples} samples: {found.source}"
    output.print(printable(words), soft_wrap=True)
    for note in found.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    numbers = ("same top-1", "SQNR", "max difference", "of the range")
    shown = table("output", *numbers, "", numbers=numbers)
    for one in found.outputs:
        add_row(shown, _name(one), *_figures(one), one.problem)
    output.print(shown)


def _figures(one: OutputDistance) -> tuple[str, str, str, str]:
    if one.sqnr_db is None or one.max_abs is None or one.max_rel is None:
        return "", "", "", ""
    same = one.top1_agreement if one.top1_agreement is not None else one.agreement
    return (
        "" if same is None else f"{same:.1%}",
        f"{one.sqnr_db:.1f} dB",
        f"{one.max_abs:.3g}",
        f"{one.max_rel:.2%}",
    )


def _name(one: OutputDistance) -> str:
    return one.after if one.before == one.after else f"{one.before} -> {one.after}"


def _words(value: Any) -> str:
    """Return a value for people, short enough for a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, list):
        value = ", ".join(map(_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    words = str(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
