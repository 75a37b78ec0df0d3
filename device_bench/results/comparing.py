"""How long one file takes compared with another, with an interval and a verdict.

The rounds of both are paired, since a pair ran side by side and shares heat and neighbours. Each
pair gives the logarithm of a ratio. The estimate is the Hodges-Lehmann one (the median of the means
of all pairs of these logarithms), and its interval is the inverted signed-rank test of Wilcoxon
(Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3.1 to 3.3). The test is exact
whatever the distribution of times is, as long as ratios lie symmetrically about theirs, and the
alternating order A B, B A makes them so: heat, drift and the place in the round do not favour a
file. The test asks nothing of the tails, and one bad pair among ten moves the estimate little.

A ratio is of the fast runs (`QUANTILE` of each round), since what disturbs a run only ever adds
to it: on a busy machine the median shows how often others had the core, the fast runs show what
the file costs (Chen and Revels, Robust benchmarking in noisy environments, 2016, argue for the
minimum; a low quantile leaves out single lucky runs). On a quiet device both agree.

The interval of a ratio is at 99.9 %, or at the most that so few rounds can give. A table has many
verdicts, and of 20 comparisons of a file with itself at 95 % one would say "slower" or "faster".
With n rounds no more than 1 - 2 ** (1 - n) is possible: 11 rounds are enough for 99.9 %, ten give
99.8 %, and with fewer than six there is no verdict. Rounds that repeat one another run by run, as
those of the virtual device do, leave nothing to chance: their ratio is exact.

"No difference shown" is not "the same": the interval may reach far on both sides of 1. Whoever says
which difference does not matter, the margin, can be told that two files are the same: where the
whole interval lies within the margin. That is Schuirmann's pair of one-sided tests (A comparison of
the two one-sided tests procedure and the power approach, 1987), each at half of what the interval
leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from _edgeship.device_bench.results.records import Round
from _edgeship.device_bench.results.statistics import Values, counted_runs

Verdict = Literal["slower", "faster", "no difference shown", "the same", "too few rounds"]

#: Confidence of the interval of a ratio, where there are enough rounds.
RATIO_CONFIDENCE = 0.999
#: Below this confidence there is no verdict.
LEAST_CONFIDENCE = 0.95
#: The quantile of a round's runs that ratios are made of.
QUANTILE = 0.05
#: Figures that differ by a smaller fraction than this count as equal: counted instructions repeat
#: exactly, but depend a little on where things lie in memory (150 of 50 million were seen).
RESOLUTION = 1e-4


@dataclass(frozen=True)
class Comparison:
    """How long B takes compared with A.

    Attributes:
        ratio: Time of B over time of A: 1.05 if B takes 5 % longer.
        low: Lower end of the confidence interval of the ratio; 0 where nothing is known.
        high: Upper end; infinity where nothing is known.
        verdict: Whether B is slower or faster than A, which needs an interval without 1, or the
            same, which needs one within the margin.
        confidence: Confidence of the interval; 1 for figures that do not vary at all, 0 where
            nothing is known.
        rounds: Number of pairs of rounds that it is made from.
        margin: The difference that does not matter, as a fraction; 0 if every one does.
    """

    ratio: float
    low: float
    high: float
    verdict: Verdict
    confidence: float
    rounds: int
    margin: float = 0.0

    @property
    def in_words(self) -> str:
        """The verdict, with the margin where it rests on that: "the same within 2 %"."""
        if self.verdict != "the same":
            return self.verdict
        return f"the same within {100 * self.margin:g} %"


def compare(a: Sequence[Round], b: Sequence[Round], margin: float = 0.0) -> Comparison:
    """Return how long ``b`` takes compared with ``a``, from rounds paired by their numbers.

    Args:
        a: Rounds of the file that is compared with.
        b: Rounds of the other.
        margin: The difference that does not matter, as a fraction of either time.

    Raises:
        ValueError: One of them has no runs.
    """
    first, second = counted_runs(a), counted_runs(b)
    numbers = sorted(first.keys() & second.keys())
    if _repeat_exactly(first) and _repeat_exactly(second):
        ratio = float(np.median(_joined(second)) / np.median(_joined(first)))
        verdict = _verdict(ratio, ratio, margin)
        return Comparison(ratio, ratio, ratio, verdict, 1.0, len(numbers), margin)
    if not numbers:
        ratio = float(np.median(_joined(second)) / np.median(_joined(first)))
        return Comparison(ratio, 0.0, math.inf, "too few rounds", 0.0, 0, margin)
    logs = np.array(
        [
            math.log(np.quantile(second[number], QUANTILE) / np.quantile(first[number], QUANTILE))
            for number in numbers
        ]
    )
    estimate, low, high, confidence = signed_rank_interval(logs, RATIO_CONFIDENCE)
    ratio, low, high = math.exp(estimate), math.exp(low), math.exp(high)
    if confidence < LEAST_CONFIDENCE:
        return Comparison(ratio, 0.0, math.inf, "too few rounds", 0.0, len(numbers), margin)
    verdict = _verdict(low, high, margin)
    return Comparison(ratio, low, high, verdict, confidence, len(numbers), margin)


def signed_rank_interval(values: Values, confidence: float) -> tuple[float, float, float, float]:
    """Return the Hodges-Lehmann estimate of a symmetric distribution's centre, and its interval.

    Args:
        values: Independent draws.
        confidence: The confidence that the interval should have, at least.

    Returns:
        The estimate, both ends of the interval, and the confidence that it has, which is below the
        one asked for if so few values cannot give it.
    """
    count = len(values)
    rows, columns = np.triu_indices(count)
    averages = np.sort((values[rows] + values[columns]) / 2)
    cumulative = np.cumsum(_signed_rank_distribution(count))
    # The interval between the (k+1)-th smallest and largest average misses with probability
    # 2 P(T <= k).
    outside = np.searchsorted(cumulative, (1 - confidence) / 2, side="right") - 1
    skip = max(int(outside), 0)
    return (
        float(np.median(averages)),
        float(averages[skip]),
        float(averages[-1 - skip]),
        float(1 - 2 * cumulative[skip]),
    )


def _signed_rank_distribution(count: int) -> Values:
    """Return the probability of each value of Wilcoxon's statistic, 0 to n (n + 1) / 2."""
    distribution = np.ones(1)
    for rank in range(1, count + 1):
        longer = np.zeros(len(distribution) + rank)
        longer[: len(distribution)] += distribution / 2
        longer[rank:] += distribution / 2
        distribution = longer
    return distribution


def _repeat_exactly(rounds: Mapping[int, Values]) -> bool:
    """Return whether all of several rounds have the same runs, as on the virtual device."""
    every = list(rounds.values())
    return len(every) > 1 and all(np.array_equal(runs, every[0]) for runs in every)


def _joined(rounds: Mapping[int, Values]) -> Values:
    return np.concatenate(list(rounds.values()))


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if margin and 1 / (1 + margin) < low and high < 1 + margin:
        return "the same"
    if low > 1 + RESOLUTION:
        return "slower"
    return "faster" if high < 1 - RESOLUTION else "no difference shown"
