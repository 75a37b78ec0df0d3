"""Tables with more columns than a terminal has room for: columns go to further tables below.

rich makes columns narrower until all of them fit, and folds what is in them, in the middle of
words and numbers. Here no number is ever folded: names are shortened in the middle, and columns
that do not fit beside the names come in a table below, with the names again.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from _edgeship.terminal.console import add_row, console, printable, table

#: Between two columns, as `table` has it.
_GAP = 2

#: Names are never made shorter than this.
_SHORTEST = 12

#: To how many characters names are shortened, where that makes fewer tables.
_ROOMS = (32, 26, 20)


def show_fitted(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    names: int = 1,
    numbers: Sequence[str] = (),
) -> None:
    """Print rows as one table, or as several that are no wider than the terminal.

    Args:
        columns: Headings.
        rows: Each has a cell for each column; the texts are untrusted.
        names: How many of the first columns say what a row is; they lead every table.
        numbers: Headings of the columns that are aligned to the right.
    """
    output = console()
    shown = [[printable(cell) for cell in row] for row in rows]
    groups = fitted(columns, shown, names, output.width)
    for position, group in enumerate(groups):
        if position:
            output.print()
        headings, cells = group
        made = table(*headings, numbers=tuple(set(numbers) & set(headings)))
        for row in cells:
            add_row(made, *row)
        output.print(made)


def fitted(
    columns: Sequence[str], rows: Sequence[Sequence[str]], names: int, width: int
) -> list[tuple[list[str], list[list[str]]]]:
    """Return the headings and the rows of tables that hold all columns and fit a width.

    Args:
        columns: Headings.
        rows: Each has a cell for each column.
        names: How many of the first columns say what a row is.
        width: In characters.

    Returns:
        Tables, each with the names first. A table of one column of sentences may be wider: these
        are folded.
    """
    widths = [
        max(map(cell_len, [heading, *(row[index] for row in rows)]))
        for index, heading in enumerate(columns)
    ]
    if sum(widths) + _GAP * (len(widths) - 1) <= width:
        return [(list(columns), [list(row) for row in rows])]
    half = max(width // (2 * names) - _GAP, _SHORTEST)
    rooms = [room for room in _ROOMS if _SHORTEST <= room < half]
    split = [_split(columns, rows, widths, names, width, room) for room in (half, *rooms)]
    return min(split, key=len)  # the first of those: with the longest names


def _split(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    names: int,
    width: int,
    room: int,
) -> list[tuple[list[str], list[list[str]]]]:
    """Return tables whose names take at most ``room`` characters, if they can."""
    leading = [_shortened([row[index] for row in rows], room) for index in range(names)]
    taken = sum(
        max(map(cell_len, [columns[index], *texts])) + _GAP for index, texts in enumerate(leading)
    )
    groups: list[list[int]] = [[]]
    left = width - taken
    for index in range(names, len(columns)):
        if groups[-1] and widths[index] > left:
            groups.append([])
            left = width - taken
        groups[-1].append(index)
        left -= widths[index] + _GAP
    return [
        (
            [*columns[:names], *(columns[index] for index in group)],
            [
                [*(texts[place] for texts in leading), *(row[index] for index in group)]
                for place, row in enumerate(rows)
            ],
        )
        for group in groups
    ]


def shorten(text: str, width: int) -> str:
    """Return a text of at most this width, with an ellipsis in it; names differ at their ends."""
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 3
    tail = width - 1 - head
    return f"{text[:head]}\u2026{text[len(text) - tail :]}"


def _shortened(texts: Sequence[str], width: int) -> list[str]:
    """Return texts that are as short as they may be and as different as they were."""
    longest = max(map(len, texts), default=0)
    for room in range(width, longest):
        found = [shorten(text, room) for text in texts]
        if len(set(found)) == len(set(texts)):
            return found
    return list(texts)
