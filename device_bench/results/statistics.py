"""Figures of rounds of timed runs, and the comparison of two files.

Runs of one process are alike: it has one piece of memory, one core, one temperature. So rounds are
independent and runs are not, and both intervals here are made from rounds.

Interval of a median: bootstrap in two steps. Rounds are drawn with replacement, then runs within
each drawn round, and the median of all is taken; the interval is what the middle 95 % of 1000 such
medians cover. Drawn rounds vary a little less than rounds do (by (n - 1) / n in the variance) and
their quantiles take no account of how few they are, so the interval is stretched about the median
by what Student's t adds to the normal distribution. With a single round it shows only the spread
within that process; `device_bench.measurement.warnings` says so.

Ratio of two files: the rounds of both are paired, since a pair ran side by side and shares heat
and neighbours. Each pair gives the logarithm of a ratio. The estimate is the Hodges-Lehmann one
(the median of the means of all pairs of these logarithms), and its interval is the inverted
signed-rank test of Wilcoxon (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3.1 to
3.3). The test is exact whatever the distribution of times is, as long as ratios lie symmetrically
about theirs, and the alternating order A B, B A makes them so: heat, drift and the place in the
round do not favour a file. The test asks nothing of the tails, and one bad pair among ten moves
the estimate little.

A ratio is of the fast runs (`QUANTILE` of each round), since what disturbs a run only ever adds
to it: on a busy machine the median shows how often others had the core, the fast runs show what
the file costs (Chen and Revels, Robust benchmarking in noisy environments, 2016, argue for the
minimum; a low quantile leaves out single lucky runs). On a quiet device both agree.

The interval of a ratio is at 99.9 %, or at the most that so few rounds can give. A table has many
verdicts, and of 20 comparisons of a file with itself at 95 % one would say "slower" or "faster".
With n rounds no more than 1 - 2 ** (1 - n) is possible: 11 rounds are enough for 99.9 %, ten give
99.8 %, and with fewer than six there is no verdict. Rounds that repeat one another run by run, as
those of the virtual device do, leave nothing to chance: their ratio is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from _edgeship.device_bench.results.records import Round

Verdict = Literal["slower", "faster", "no difference shown"]
Values = NDArray[np.float64]

#: Confidence of the interval of a median.
MEDIAN_CONFIDENCE = 0.95
#: Confidence of the interval of a ratio, where there are enough rounds.
RATIO_CONFIDENCE = 0.999
#: Below this confidence there is no verdict.
LEAST_CONFIDENCE = 0.95
#: The quantile of a round's runs that ratios are made of.
QUANTILE = 0.05
#: Figures that differ by a smaller fraction than this count as equal: counted instructions repeat
#: exactly, but depend a little on where things lie in memory (150 of 50 million were seen).
RESOLUTION = 1e-4
#: Modified Z-score above which a run is an outlier (Iglewicz and Hoaglin, 1993).
OUTLIER = 3.5

_RESAMPLES = 1000
# More runs of a round than this cost time and do not move a median.
_MOST_RUNS = 256


@dataclass(frozen=True)
class Summary:
    """The figures of one file's rounds; times are in the unit of the session's device.

    Throttled runs are left out, unless there are no others.

    Attributes:
        median: Median of all runs that count.
        low: Lower end of the interval of the median, at `MEDIAN_CONFIDENCE`.
        high: Upper end.
        p90: 90th percentile.
        p99: 99th percentile.
        mad: Median absolute deviation from the median.
        cv: Coefficient of variation: standard deviation over mean; 0 for a single run.
        init: Median over rounds, from the start of loading to a model ready to run.
        first: Median over rounds of the first run.
        peak_rss_bytes: Highest over rounds; None if unknown.
        rounds: Number of rounds with at least one run that counts.
        runs: Number of runs that count.
        throttled: Number of throttled runs.
        only_throttled: Whether all runs were throttled, so that the figures are of these.
        outliers: Number of runs that count and have a modified Z-score above `OUTLIER`.
    """

    median: float
    low: float
    high: float
    p90: float
    p99: float
    mad: float
    cv: float
    init: float
    first: float
    peak_rss_bytes: int | None
    rounds: int
    runs: int
    throttled: int
    only_throttled: bool
    outliers: int


@dataclass(frozen=True)
class Comparison:
    """How long B takes compared with A.

    Attributes:
        ratio: Time of B over time of A: 1.05 if B takes 5 % longer.
        low: Lower end of the confidence interval of the ratio; 0 where nothing is known.
        high: Upper end; infinity where nothing is known.
        verdict: Whether B is slower or faster than A, which needs an interval without 1.
        confidence: Confidence of the interval; 1 for figures that do not vary at all, 0 where
            nothing is known.
        rounds: Number of pairs of rounds that it is made from.
    """

    ratio: float
    low: float
    high: float
    verdict: Verdict
    confidence: float
    rounds: int


def summarize(rounds: Sequence[Round]) -> Summary:
    """Return the figures of one file's rounds.

    Raises:
        ValueError: There are no runs.
    """
    from scipy import stats

    counted = list(counted_runs(rounds).values())
    runs = np.concatenate(counted)
    low, high = median_interval(counted)
    p90, p99 = np.quantile(runs, (0.9, 0.99))
    sizes = [r.process.peak_rss_bytes for r in rounds if r.process.peak_rss_bytes is not None]
    flags = [flag for r in rounds for flag in r.throttled]
    return Summary(
        median=float(np.median(runs)),
        low=low,
        high=high,
        p90=float(p90),
        p99=float(p99),
        mad=float(stats.median_abs_deviation(runs)),
        cv=float(stats.variation(runs, ddof=1)) if len(runs) > 1 else 0.0,
        init=float(np.median([r.process.init for r in rounds])),
        first=float(np.median([r.process.first for r in rounds])),
        peak_rss_bytes=max(sizes, default=None),
        rounds=len(counted),
        runs=len(runs),
        throttled=sum(flags),
        only_throttled=all(flags),
        outliers=int(outliers(runs).sum()),
    )


def compare(a: Sequence[Round], b: Sequence[Round]) -> Comparison:
    """Return how long ``b`` takes compared with ``a``, from rounds paired by their numbers.

    Raises:
        ValueError: One of them has no runs.
    """
    first, second = counted_runs(a), counted_runs(b)
    numbers = sorted(first.keys() & second.keys())
    if _repeat_exactly(first) and _repeat_exactly(second):
        ratio = float(np.median(_joined(second)) / np.median(_joined(first)))
        return Comparison(ratio, ratio, ratio, _verdict(ratio, ratio), 1.0, len(numbers))
    if not numbers:
        ratio = float(np.median(_joined(second)) / np.median(_joined(first)))
        return Comparison(ratio, 0.0, math.inf, "no difference shown", 0.0, 0)
    logs = np.array(
        [
            math.log(np.quantile(second[number], QUANTILE) / np.quantile(first[number], QUANTILE))
            for number in numbers
        ]
    )
    estimate, low, high, confidence = signed_rank_interval(logs, RATIO_CONFIDENCE)
    if confidence < LEAST_CONFIDENCE:
        low, high = -math.inf, math.inf
    return Comparison(
        ratio=math.exp(estimate),
        low=math.exp(low),
        high=math.exp(high),
        verdict=_verdict(math.exp(low), math.exp(high)),
        confidence=confidence if confidence >= LEAST_CONFIDENCE else 0.0,
        rounds=len(numbers),
    )


def counted_runs(rounds: Sequence[Round]) -> dict[int, Values]:
    """Return round number -> the runs of that round that count; rounds without any are left out.

    Throttled runs count only if there are no others at all.

    Raises:
        ValueError: There are no runs.
    """
    everything = {r.number: np.array(r.process.runs, dtype=np.float64) for r in rounds}
    if not any(len(runs) for runs in everything.values()):
        raise ValueError("no runs")
    throttled = {r.number: np.array(r.throttled, dtype=bool) for r in rounds}
    cool = {number: runs[~throttled[number]] for number, runs in everything.items()}
    chosen = cool if any(len(runs) for runs in cool.values()) else everything
    return {number: runs for number, runs in chosen.items() if len(runs)}


def outliers(values: Values) -> NDArray[np.bool_]:
    """Return for each value whether its modified Z-score is above `OUTLIER`.

    Where more than half of the values are equal, the median absolute deviation is 0, and the mean
    absolute deviation takes its place, as Iglewicz and Hoaglin propose.
    """
    deviation = np.abs(values - np.median(values))
    scale = np.median(deviation) / 0.6745 or deviation.mean() * 1.253314
    if scale == 0:
        return np.zeros(len(values), dtype=bool)
    found: NDArray[np.bool_] = deviation / scale > OUTLIER
    return found


def median_interval(rounds: Sequence[Values], seed: int = 0) -> tuple[float, float]:
    """Return the bootstrap interval of the median of all values, at `MEDIAN_CONFIDENCE`.

    Args:
        rounds: The values of each round; none is empty.
        seed: Seed of the draws: equal values give an equal interval.
    """
    from scipy import stats

    generator = np.random.default_rng(seed)
    # The same share of each round, since a round counts by its runs.
    share = min(1.0, _MOST_RUNS / max(len(runs) for runs in rounds))
    thinned = [_thin(runs, max(1, round(share * len(runs)))) for runs in rounds]
    values = np.concatenate(thinned)
    lengths = np.array([len(runs) for runs in thinned])
    starts = np.cumsum(lengths) - lengths
    medians = np.empty(_RESAMPLES)
    for index in range(_RESAMPLES):
        drawn = generator.integers(len(rounds), size=len(rounds))
        length = np.repeat(lengths[drawn], lengths[drawn])
        places = np.repeat(starts[drawn], lengths[drawn])
        places += (generator.random(len(places)) * length).astype(np.int64)
        medians[index] = np.median(values[places])
    tail = (1 - MEDIAN_CONFIDENCE) / 2
    low, high = np.quantile(medians, (tail, 1 - tail))
    count = len(rounds)
    if count == 1:
        return float(low), float(high)
    stretch = stats.t.ppf(1 - tail, count - 1) / stats.norm.ppf(1 - tail)
    stretch *= math.sqrt(count / (count - 1))
    # By factors, so that the lower end of a time stays above 0.
    middle = np.median(np.concatenate(rounds))
    ends = middle * (np.array([low, high]) / middle) ** stretch
    return float(ends[0]), float(ends[1])


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


def _thin(values: Values, count: int) -> Values:
    """Return ``count`` evenly spread quantiles, or the values themselves if there are no more."""
    if len(values) <= count:
        return values
    return np.quantile(values, (np.arange(count) + 0.5) / count)


def _repeat_exactly(rounds: Mapping[int, Values]) -> bool:
    """Return whether all of several rounds have the same runs, as on the virtual device."""
    every = list(rounds.values())
    return len(every) > 1 and all(np.array_equal(runs, every[0]) for runs in every)


def _joined(rounds: Mapping[int, Values]) -> Values:
    return np.concatenate(list(rounds.values()))


def _verdict(low: float, high: float) -> Verdict:
    if low > 1 + RESOLUTION:
        return "slower"
    return "faster" if high < 1 - RESOLUTION else "no difference shown"
