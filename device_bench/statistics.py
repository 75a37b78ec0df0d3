"""Figures of rounds of timed runs, and the comparison of two files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from device_bench.records import Round

Verdict = Literal["slower", "faster", "no difference shown"]


@dataclass(frozen=True)
class Summary:
    """What is known about one file from its rounds; times in the unit of the session's device.

    Attributes:
        median: Of all runs that count (throttled ones do not).
        low: Lower end of the confidence interval of the median.
        high: Upper end.
        p90: 90th percentile.
        p99: 99th percentile.
        mad: Median absolute deviation from the median.
        cv: Coefficient of variation: standard deviation over mean.
        init: Median over rounds, from the start of loading to a model ready to run.
        first: Median over rounds of the first run.
        peak_rss_bytes: Highest over rounds; None if unknown.
        rounds: Rounds with at least one run that counts.
        runs: Runs that count.
        throttled: Runs that were left out.
        outliers: Runs that count, yet have a modified Z-score above `OUTLIER`.
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
    outliers: int


@dataclass(frozen=True)
class Comparison:
    """How long B takes against A.

    Attributes:
        ratio: Time of B over time of A: 1.05 if B takes 5 % longer.
        low: Lower end of the confidence interval of the ratio.
        high: Upper end.
        verdict: What B is, if the interval does not hold 1.
    """

    ratio: float
    low: float
    high: float
    verdict: Verdict


def summarize(rounds: Sequence[Round]) -> Summary:
    """Return the figures of one file's rounds."""
    raise NotImplementedError


def compare(a: Sequence[Round], b: Sequence[Round]) -> Comparison:
    """Return how long ``b`` takes against ``a``."""
    raise NotImplementedError
