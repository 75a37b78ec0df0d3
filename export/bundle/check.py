"""One check of a bundle, as a plain value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from _edgeship.errors import EdgeshipError

#: How many problems of one kind a line names.
_SHOWN = 3


@dataclass(frozen=True)
class Check:
    """What was checked and how that went.

    Attributes:
        name: What was checked: a file, or a kind of thing.
        compared: What was compared with what, in a sentence.
        problem: What is wrong, or "".
        skipped: Why it could not be checked, or "".
    """

    name: str
    compared: str
    problem: str = ""
    skipped: str = ""


def check(name: str, compared: str, problems: Sequence[str]) -> Check:
    """Return a check that found some problems, or none."""
    shown = "; ".join(problems[:_SHOWN])
    more = len(problems) - _SHOWN
    return Check(name, compared, f"{shown}; and {more} more" if more > 0 else shown)


def failed(name: str, error: EdgeshipError) -> Check:
    """Return a check that an error stopped."""
    return Check(name, "", " ".join(f"{error.what} {error.why}".split()))
