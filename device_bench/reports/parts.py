"""What a report is made of, in any format: sections with facts, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What is shown. It may come from a device or a file, so it is untrusted.
        value: What the column is sorted by; None to sort by the text.
    """

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: What is in it; "" if the section's title says that.
        columns: Headings of the columns.
        rows: Each has as many cells as there are columns.
        numbers: Headings of the columns that are aligned to the right.
        choices: Headings of the columns by whose values a reader can filter the rows.
        said_once: Headings of the columns that need no place where all rows have the same in them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    said_once: tuple[str, ...] = ()

    def same(self) -> dict[str, str]:
        """Return heading -> text of the columns that need no place, if there are several rows."""
        if len(self.rows) < 2:
            return {}
        columns = zip(self.columns, zip(*self.rows, strict=True), strict=True)
        return {
            name: cells[0].text
            for name, cells in columns
            if name in self.said_once and len({cell.text for cell in cells}) == 1
        }

    def shown(self) -> Table:
        """Return the table without the columns of `same`."""
        left_out = self.same()
        kept = [index for index, name in enumerate(self.columns) if name not in left_out]
        return replace(
            self,
            columns=tuple(self.columns[index] for index in kept),
            rows=tuple(tuple(row[index] for index in kept) for row in self.rows),
            choices=tuple(name for name in self.choices if name not in left_out),
            said_once=(),
        )


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
class Group:
    """A plot and a table of one thing, which a reader can choose among others.

    Attributes:
        title: What it is of.
        labels: Name of a choice -> what this group is in it, such as "device" -> "adb".
        newest: The newest day in it, as "20261122".
        plot: Each mark of a day in it has that day in its id, as in "at-20261122-3".
        table: Without a title of its own. Its first column begins with the day, as ids of sessions
            do.
    """

    title: str
    labels: Mapping[str, str]
    newest: str
    plot: Plot | None
    table: Table


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: Its heading.
        notes: Sentences that a reader needs in order to understand what follows.
        warnings: Sentences about what is doubtful in it.
        facts: Name -> value.
        plots: The plots, in order.
        tables: The tables, in order; they come after the plots.
        groups: What comes then, which can be chosen by label and by day.
        folded: Whether it is closed at first, in formats that can do that.
    """

    title: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, str] | None = None
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    groups: tuple[Group, ...] = ()
    folded: bool = False
