"""What a device keeps up: speed, heat and clocks while a file runs for minutes on end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from _edgeship.device_bench.results.records import Round
from _edgeship.device_bench.results.rows import hottest
from _edgeship.device_bench.results.statistics import Values, median_interval

#: From how much more time than at the beginning on a device is said to have slowed down.
SLOWER = 0.05
#: Within which fraction the last two thirds must agree for the speed to be called steady.
STEADY = 0.02

#: The fewest processes that say anything about a course.
_FEWEST = 6


@dataclass(frozen=True)
class Step:
    """One process of a sustained run.

    Attributes:
        seconds: When it began, from the beginning of the first.
        median: Median of its runs.
        per_second: Runs a second while it ran; what starting a process takes is left out.
        degrees: The hottest sensor after it, in degrees Celsius; None if unknown.
        mhz: Mean clock of the core in use; None if unknown.
        held: Whether the system held that core below its maximum; None if unknown.
    """

    seconds: float
    median: float
    per_second: float
    degrees: float | None
    mhz: float | None
    held: bool | None


@dataclass(frozen=True)
class Sustained:
    """The course of a sustained run.

    Attributes:
        steps: In order.
        first: Median of the first process.
        steady: Median of the processes of the last third.
        low: Lower end of its interval, at 95 %.
        high: Upper end.
        slowed_after: Seconds until the first process from which on all took more than `SLOWER`
            longer than the first; None if there is none.
        is_steady: Whether the last third took as long as the third before it, within `STEADY`.
    """

    steps: tuple[Step, ...]
    first: float
    steady: float
    low: float
    high: float
    slowed_after: float | None
    is_steady: bool


def course(rounds: Sequence[Round]) -> Sustained | None:
    """Return what the rounds of a sustained measurement show; None if they are too few."""
    if len(rounds) < _FEWEST:
        return None
    start = datetime.fromisoformat(rounds[0].before.at)
    steps = tuple(_step(one, start) for one in rounds)
    runs = [np.array(one.process.runs, dtype=np.float64) for one in rounds]
    third = len(rounds) // 3
    last, middle = runs[-third:], runs[-2 * third : -third]
    low, high = median_interval(last)
    steady = float(np.median(np.concatenate(last)))
    return Sustained(
        steps,
        steps[0].median,
        steady,
        low,
        high,
        _slowed_after(steps),
        abs(steady / float(np.median(np.concatenate(middle))) - 1) <= STEADY,
    )


def _step(one: Round, start: datetime) -> Step:
    runs: Values = np.array(one.process.runs, dtype=np.float64)
    clocks = [value for value in one.process.mhz if value is not None]
    began = datetime.fromisoformat(one.before.at)
    return Step(
        seconds=(began - start).total_seconds(),
        median=float(np.median(runs)),
        per_second=1e9 / float(runs.mean()),
        degrees=hottest([one.after]),
        mhz=float(np.mean(clocks)) if clocks else None,
        held=any(one.process.capped) if one.process.capped else None,
    )


def _slowed_after(steps: Sequence[Step]) -> float | None:
    """Return when the last stretch of slow processes began, if it lasts to the end."""
    slow = [step.median > (1 + SLOWER) * steps[0].median for step in steps]
    if not slow[-1]:
        return None
    begin = next((place + 1 for place in range(len(slow) - 1, -1, -1) if not slow[place]), 0)
    return steps[begin].seconds
