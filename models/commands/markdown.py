"""The comparison of published and counted figures as a Markdown table with footnotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.figures import RULE, Figure, as_printed, compare, in_units

if TYPE_CHECKING:
    from _edgeship.models.complexity import Complexity

_HEADER = (
    "| name | input | mult-adds | counted | difference | params | counted | difference |",
    "|---|---|--:|--:|--:|--:|--:|--:|",
)


def comparison(entries: Sequence[ModelSpec], counted: Mapping[str, Complexity]) -> str:
    """Return the table, one line that sums it up, and a footnote for each explanation.

    A figure that is not met refers to a footnote, and so does the name of an entry that has no
    published figures and explains why.

    Args:
        entries: The rows, in order.
        counted: The complexity of each by name.
    """
    notes: dict[str, int] = {}
    rows, met, missed = [], 0, 0
    for entry in entries:
        figures = compare(entry, counted[entry.name])
        met += sum(figure.met for figure in figures.values())
        missed += sum(not figure.met for figure in figures.values())
        mark = f" [^{notes.setdefault(entry.note, len(notes) + 1)}]" if entry.note else ""
        cells = [_name(entry) + ("" if figures else mark), "x".join(map(str, entry.input_size))]
        for key, published, digit, count in (
            ("mult_adds", entry.mult_adds, entry.mult_adds_digit, counted[entry.name].mult_adds),
            ("params", entry.params, entry.params_digit, counted[entry.name].params),
        ):
            figure = figures.get(key)
            cells += [as_printed(published, digit), in_units(count)]
            cells.append(_difference(figure, mark))
        rows.append(f"| {' | '.join(cells)} |")
    summary = f"{len(entries)} names, {met + missed} published figures: {met} met, {missed} not."
    footnotes = [f"[^{number}]: {note}" for note, number in notes.items()]
    return "\n".join((*_HEADER, *rows, "", f"{summary} {RULE}", *_spaced(footnotes)))


def _difference(figure: Figure | None, mark: str) -> str:
    if figure is None:
        return "-"
    return f"{figure.difference:+.2f} %" + ("" if figure.met else mark)


def _name(entry: ModelSpec) -> str:
    return f"`{entry.name}`" + (f" = `{entry.alias_of}`" if entry.alias_of else "")


def _spaced(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
