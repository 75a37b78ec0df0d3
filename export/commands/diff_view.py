"""What `diff` prints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from _edgeship.export.commands.evaluate_view import show as show_evaluation
from _edgeship.export.differences.results import (
    TOPICS,
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

#: A SHA-256, and how many of its digits are shown.
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DIGITS = 12


def show(found: Differences) -> None:
    """Print what changed, and what that means for the app."""
    output = console()
    output.print(printable(f"{found.before} -> {found.after}"), soft_wrap=True)
    for note in found.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    if len(found.files) == 1:
        [file] = found.files
        _show_changes((*found.changes, *file.changes))
        _show_what_they_do(file)
    else:
        _show_changes(found.changes, "in all files")
        for file in found.files:
            output.print()
            state = "the same bytes" if file.same_bytes else ""
            output.print(printable(": ".join(filter(None, (file.after, state)))), soft_wrap=True)
            _show_changes(file.changes, apart=False)
            _show_what_they_do(file)
    output.print()
    output.print(found.in_words)
    for one in found.breaking:
        output.print(printable(f"- {one}"), soft_wrap=True)


def _show_changes(changes: Sequence[Change], title: str = "", apart: bool = True) -> None:
    if not changes:
        return
    output = console()
    if apart:
        output.print()
    if title:
        output.print(title)
    output.print(_changes(sorted(changes, key=lambda change: TOPICS.index(change.topic))))


def _show_what_they_do(file: FileDifferences) -> None:
    output = console()
    for note in file.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    if file.outputs is not None:
        output.print()
        _show_outputs(file.outputs)
    if file.accuracy is not None:
        output.print()
        show_evaluation(file.accuracy)


def _changes(changes: Sequence[Change]) -> Table:
    """Return the changes, those that concern the app marked."""
    marked = any(one.app for one in changes)
    shown = table("", "", "before", "after", *("",) * marked)
    topic = ""
    for one in _joined(changes):
        told = one.topic if one.topic != topic else ""
        mark = ("<- the app" if one.app else "",) * marked
        add_row(shown, told, one.what, _words(one.before), _words(one.after), *mark)
        topic = one.topic
    return shown


def _joined(changes: Sequence[Change]) -> list[Change]:
    """Return the changes with the files of a bundle that lie in one folder as one."""
    joined: list[Change] = []
    counts = Counter(_place(one) for one in changes)
    for one in changes:
        place = _place(one)
        if not place or counts[place] == 1:
            joined.append(one)
        elif f"{place}/" not in {each.what for each in joined}:
            joined.append(Change("bundle", f"{place}/", None, f"{counts[place]} files are new"))
    return joined


def _place(change: Change) -> str:
    """Return the folder of a bundle that a change is in; "" for any other change."""
    folder = change.what.partition("/")[0] if "/" in change.what else ""
    return folder if change.topic == "bundle" else ""


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
    shares = [
        (name, [getattr(one, field) for one in found.outputs])
        for name, field in (("same top-1", "top1_agreement"), ("equal", "agreement"))
    ]
    shares = [(name, values) for name, values in shares if any(one is not None for one in values)]
    numbers = (*(name for name, _ in shares), "SQNR", "max difference", "of the range")
    refused = any(one.problem for one in found.outputs)
    shown = table("output", *numbers, *("",) * refused, numbers=numbers)
    for place, one in enumerate(found.outputs):
        same = [values[place] for _, values in shares]
        told = ("" if each is None else f"{each:.1%}" for each in same)
        add_row(shown, _name(one), *told, *_figures(one), *(one.problem,) * refused)
    output.print(shown)


def _figures(one: OutputDistance) -> tuple[str, str, str]:
    if one.sqnr_db is None or one.max_abs is None or one.max_rel is None:
        return "", "", ""
    return (
        "equal" if one.max_abs == 0 else f"{one.sqnr_db:.1f} dB",
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
    if _DIGEST.fullmatch(words):
        return f"{words[:_DIGITS]}…"
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
