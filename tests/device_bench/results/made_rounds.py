"""Rounds made up for tests of the figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from _edgeship.device_bench.results.records import Conditions, Process, Round

NOW = Conditions(at="2026-11-22T14:25:30+00:00")


def rounds(
    runs: Sequence[Sequence[float]], throttled: Sequence[Sequence[bool]] | None = None
) -> list[Round]:
    """Rounds with these runs."""
    return [
        Round(
            number=number,
            order=0,
            before=NOW,
            after=NOW,
            process=Process(
                runner="native",
                runtime="LiteRT",
                init=100 + number,
                first=50 + number,
                runs=tuple(map(round, values)),
                peak_rss_bytes=1000 * (number + 1),
            ),
            throttled=tuple(throttled[number]) if throttled else (False,) * len(values),
            overhead_seconds=0.1,
        )
        for number, values in enumerate(runs)
    ]


def noisy(
    generator: np.random.Generator,
    count: int,
    *,
    level: float = 1e6,
    between: float = 0.03,
    drift: float = 0.0,
    busy: float = 0.1,
    runs: int = 40,
) -> list[np.ndarray]:
    """Rounds as devices give them: each has its own level, noise only adds, and a tail is heavy."""
    made = []
    for number in range(count):
        base = level * math.exp(generator.normal(0, between) + drift * number)
        times = base * (1 + np.abs(generator.normal(0, 0.01, runs)))
        late = generator.random(runs) < busy
        times[late] *= 1 + generator.pareto(1.5, late.sum())
        made.append(times)
    return made
