"""A budget: the most that a file's figures may be, such as "p90=20ms,rss=50MB"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from _edgeship.device_bench.results.records import Measurement
from _edgeship.device_bench.results.statistics import Summary
from _edgeship.device_bench.results.units import INSTRUCTIONS, amount
from _edgeship.errors import InputError
from _edgeship.terminal.console import size

#: Figure -> what it is, in words.
FIGURES: Mapping[str, str] = {
    "median": "the median of its runs",
    "p90": "the 90th percentile of its runs",
    "p99": "the 99th percentile of its runs",
    "first": "its first run",
    "init": "its start",
    "rss": "its peak memory",
    "size": "its file",
}

_SPACE = frozenset(("rss", "size"))

_SECONDS = {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}
_COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_BYTES = {
    **{"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9},
    **{"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
}

_LIMIT = re.compile(r"([a-z0-9]+)=([0-9]{1,12}(?:\.[0-9]{1,9})?)\s?([A-Za-zµ]{0,3})")


@dataclass(frozen=True)
class Limit:
    """The most that one figure may be.

    Attributes:
        figure: One of `FIGURES`.
        most: In nanoseconds, instructions or bytes.
        kind: What ``most`` is in.
        text: As the user wrote it.
    """

    figure: str
    most: float
    kind: Literal["ns", "instructions", "bytes"]
    text: str


def parse_budget(text: str) -> tuple[Limit, ...]:
    """Return the limits of a budget.

    Args:
        text: "FIGURE=AMOUNT,...": times with ns, us, ms or s, bytes with kB, MB or MiB, and
            instructions, on the virtual device, with k, M, G or nothing.

    Raises:
        InputError: It is none, or a figure is named twice.
    """
    limits = tuple(_limit(word.strip()) for word in text.split(","))
    named = [limit.figure for limit in limits]
    for name in named:
        if named.count(name) > 1:
            raise InputError(f"--budget has {name} twice.")
    return limits


def check_unit(limits: tuple[Limit, ...], unit: str, device: str) -> None:
    """Check that a device counts in what a budget is given in.

    Raises:
        InputError: The budget is of times, and the device counts instructions, or the reverse.
    """
    for limit in limits:
        if limit.kind not in ("bytes", unit):
            counts, like = ("instructions", "50M") if unit == INSTRUCTIONS else ("time", "20ms")
            raise InputError(
                f"--budget {limit.text} cannot be checked on {device}, which measures {counts}.",
                todo=f"write {limit.figure}={like}, or use another device",
            )


def spent(limit: Limit, one: Measurement, summary: Summary) -> float | None:
    """Return the figure that a limit is for, in the limit's unit; None if it is unknown."""
    if limit.figure == "size":
        return one.subject.size
    if limit.figure == "rss":
        return summary.peak_rss_bytes
    found: float = getattr(summary, limit.figure)
    return found


def budget_outcome(
    limit: Limit, one: Measurement, summary: Summary
) -> tuple[Literal["passed", "failed", "error"], str]:
    """Return whether a measured file keeps within a limit, and the figure in words."""
    found = spent(limit, one, summary)
    what = FIGURES[limit.figure]
    what = what[0].upper() + what[1:]
    if found is None:
        return "error", f"{what} is unknown: the runner {one.settings.runner} does not report it."
    words = f"{what} is {_in_words(found, limit)}, and {_in_words(limit.most, limit)} is allowed"
    if found > limit.most:
        return "failed", f"{words}: {found / limit.most - 1:.1%} more."
    return "passed", f"{words}."


def _limit(word: str) -> Limit:
    found = _LIMIT.fullmatch(word)
    if found is None or found[1] not in FIGURES:
        raise InputError(
            f"--budget does not know {word!r}.",
            why=f"its figures are {', '.join(FIGURES)}",
            todo="write, for example, --budget p90=20ms,rss=50MB,size=3MB",
        )
    figure, number, unit = found.groups()
    scales: Mapping[str, float]
    if figure in _SPACE:
        kind: Literal["ns", "instructions", "bytes"] = "bytes"
        scales, like = _BYTES, "50MB"
    elif unit in _COUNTS:
        kind, scales, like = "instructions", _COUNTS, "50M"
    else:
        kind, scales, like = "ns", _SECONDS, "20ms"
    if unit not in scales:
        raise InputError(
            f"--budget {word}: {unit or 'nothing'!r} is no unit of {FIGURES[figure]}.",
            todo=f"write {figure}={like}",
        )
    return Limit(figure, float(number) * scales[unit], kind, word)


def _in_words(value: float, limit: Limit) -> str:
    return size(round(value)) if limit.kind == "bytes" else amount(value, limit.kind)
