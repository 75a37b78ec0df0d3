"""What a gate asked of a file, and what became of it: for exit codes, JUnit and annotations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from _edgeship.device_bench.results.comparing import Comparison
from _edgeship.errors import InputError

_PERCENT = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?)\s?%?")


@dataclass(frozen=True)
class Check:
    """One demand on one file, and the answer.

    Attributes:
        gate: The demand, as the user wrote it; "measured" where nothing more is asked.
        file: The file's label.
        where: The device, and how the file ran there.
        outcome: "error" if it could not be found out.
        words: What was found, in a sentence.
    """

    gate: str
    file: str
    where: str
    outcome: Literal["passed", "failed", "error"]
    words: str


def fraction(text: str, option: str) -> float:
    """Return the fraction that a user gives as "3%", "3 %" or "3".

    Raises:
        InputError: It is no percentage, or 0.
    """
    found = _PERCENT.fullmatch(text.strip())
    if found is None or float(found[1]) == 0:
        raise InputError(f"{option} {text} is no percentage above 0.", todo=f"write {option} 3%")
    return float(found[1]) / 100


def slower_outcome(
    found: Comparison | None, why_not: str, base: str, limit: float
) -> tuple[Literal["passed", "failed", "error"], str]:
    """Return whether a file passes that must not be slower than another, and why.

    It fails where the whole interval of the ratio lies above the limit: the rule that `history`
    calls a regression by. What cannot be decided is an error, so that no gate opens by itself.

    Args:
        found: The comparison; None if there is none.
        why_not: Why there is none.
        base: What it was compared with.
        limit: How much slower it may be, as a fraction.
    """
    if found is None:
        return "error", f"It was not compared with {base}: {why_not}"
    if found.verdict == "too few rounds":
        return "error", (
            f"{found.rounds} pairs of rounds are too few to compare it with {base}: use --rounds "
            "11 or more."
        )
    words = (
        f"It takes {found.ratio:.4g} times as long as {base} ({found.low:.4g} to {found.high:.4g})"
    )
    allowed = f"{100 * limit:g} %"
    if found.low > 1 + limit:
        return "failed", f"{words}: more than {allowed} slower."
    if found.high <= 1 + limit:
        return "passed", f"{words}: not more than {allowed} slower."
    return "passed", f"{words}: not shown to be more than {allowed} slower; more rounds decide it."
