"""What the commands print: plain text where stdout is no terminal, and no foreign control codes."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from _edgeship.sheets import Sheet
from _edgeship.terminal.invocation import as_typed

#: Columns where there is no terminal to ask: wide enough that rows of a table stay on one line.
_PIPE_WIDTH = 240


class _Console(Console):
    """A console that names our commands as the user does."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(
            *(as_typed(each) if isinstance(each, str) else each for each in objects), **options
        )


def console() -> Console:
    """Return a console on stdout as it is now, even if that is redirected later."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return _Console(
        file=sys.stdout,
        width=_PIPE_WIDTH if piped else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """Return an empty table without lines; the columns in ``numbers`` are right-aligned."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold", justify="right" if column in numbers else "left")
    return made


def add_row(to: Table, *cells: str) -> None:
    """Add a row of texts that are shown as they are, not as markup."""
    to.add_row(*(Text(printable(cell)) for cell in cells))


def sheet_table(sheet: Sheet) -> Table:
    """Return a sheet as a table with lines and a title; its texts are untrusted."""
    made = Table(title=sheet.title, title_justify="left", show_header=any(sheet.columns))
    for column in sheet.columns:
        made.add_column(column, overflow="fold")
    for row in sheet.rows:
        add_row(made, *row)
    if sheet.total:
        made.add_section()
        add_row(made, *sheet.total)
    return made


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; JSON knows no infinity and no NaN, which become strings."""
    sys.stdout.write(json.dumps(_finite(value), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def print_error(message: str) -> None:
    """Print a message for people on stderr."""
    sys.stderr.write(printable(as_typed(message)) + "\n")


def printable(text: str) -> str:
    """Escape what a terminal would obey or could not print; lines stay lines.

    Names of files and tensors are untrusted: one may hold an escape sequence.
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def size(count: int) -> str:
    """Return a number of bytes for people, in decimal units."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"
