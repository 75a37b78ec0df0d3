"""What a target is expected to refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Refusal:
    """Cases that a target cannot express, and why.

    Attributes:
        reason: For people.
        says: What the error says of it: a part of its text.
        cases: Shell-style patterns of the cases' names.
    """

    reason: str
    says: str
    cases: tuple[str, ...]

    def names(self, case: str) -> bool:
        """Whether the case is one of these."""
        return any(fnmatchcase(case, pattern) for pattern in self.cases)


def idle_patterns(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The patterns that match no name: a table has more than it should."""
    known = list(names)
    return [p for p in patterns if not any(fnmatchcase(name, p) for name in known)]
