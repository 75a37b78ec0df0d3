"""Tables as plain values, so that what a table says and how it looks are kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it is about.
        columns: Headings; all empty for a table without any.
        rows: One text for each column.
        total: A last row that sums up the others; empty if there is none.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
