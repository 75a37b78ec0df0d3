"""Figures of rounds of timed runs; `comparing.py` compares two files by them.

Runs of one process are alike: it has one piece of memory, one core, one temperature. So rounds are
independent and runs are not, and intervals are made from rounds.

Interval of a median: bootstrap in two steps. Rounds are drawn with replacement, then runs within
each drawn round, and the median of all is taken; the interval is what the middle 95 % of 1000 such
medians cover. Drawn rounds vary a little less than rounds do (by (n - 1) / n in the variance) and
their quantiles take no account of how few they are, so the interval is stretched about the median
by what Student's t adds to the normal distribution. With a single round it shows only the spread
within that process; `device_bench.measurement.warnings` says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from _edgeship.device_bench.results.records import Round

Values = NDArray[np.float64]

#: Confidence of the interval of a median.
MEDIAN_CONFIDENCE = 0.95
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


def summarize(rounds: Sequence[Round]) -> Summary:
    """Return the figures of one file's rounds.

    Raises:
        ValueError: There are no runs.
    """
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
        mad=float(np.median(np.abs(runs - np.median(runs)))),
        cv=float(runs.std(ddof=1) / runs.mean()) if len(runs) > 1 else 0.0,
        init=float(np.median([r.process.init for r in rounds])),
        first=float(np.median([r.process.first for r in rounds])),
        peak_rss_bytes=max(sizes, default=None),
        rounds=len(counted),
        runs=len(runs),
        throttled=sum(flags),
        only_throttled=all(flags),
        outliers=int(outliers(runs).sum()),
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
    # Not scipy.stats, whose import takes longer than all of this.
    from scipy import special

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
        medians[index] = _median(values[places])
    tail = (1 - MEDIAN_CONFIDENCE) / 2
    low, high = np.quantile(medians, (tail, 1 - tail))
    count = len(rounds)
    if count == 1:
        return float(low), float(high)
    stretch = special.stdtrit(count - 1, 1 - tail) / special.ndtri(1 - tail)
    stretch *= math.sqrt(count / (count - 1))
    # By factors, so that the lower end of a time stays above 0.
    middle = np.median(np.concatenate(rounds))
    ends = middle * (np.array([low, high]) / middle) ** stretch
    return float(ends[0]), float(ends[1])


def _median(values: Values) -> float:
    """Return the median, which NumPy takes several times as long for where values are few."""
    half = len(values) // 2
    parts = np.partition(values, half)
    if len(values) % 2:
        return float(parts[half])
    return float((parts[:half].max() + parts[half]) / 2)


def _thin(values: Values, count: int) -> Values:
    """Return ``count`` evenly spread quantiles, or the values themselves if there are no more."""
    if len(values) <= count:
        return values
    return np.quantile(values, (np.arange(count) + 0.5) / count)
