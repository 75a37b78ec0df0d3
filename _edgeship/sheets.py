"""Tables as plain values: what is said is made in one place, and how it looks in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it is about.
        columns: Headings; all empty for a table of facts without any.
        rows: One text for each column.
        total: A last row that sums the others up; empty where there is none.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
