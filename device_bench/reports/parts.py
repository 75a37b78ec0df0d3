"""What a report is made of: sections with facts, tables and plots, whatever they look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: As it is shown. It may come from a device or a file, so it is untrusted.
        value: What a column is sorted by; None for the text.
    """

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: What is in it; "" where the section's title says it.
        columns: Headings.
        rows: As many cells in each as there are columns.
        numbers: Headings of the columns that are aligned to the right.
        choices: Headings of the columns by whose values a reader may choose rows.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plot:
    """A drawing.

    Attributes:
        svg: An <svg> element made by `plots.py`.
        caption: What is drawn, in a sentence.
    """

    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: Its heading.
        notes: Sentences that a reader needs for what follows.
        warnings: Sentences about what is doubtful in it.
        facts: Names and values.
        plots: In order.
        tables: In order, after the plots.
        folded: Whether it begins closed, where a report can do that.
    """

    title: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, str] | None = None
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: bool = False
