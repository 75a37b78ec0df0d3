"""What is known of a share after so many pictures, and of the difference of two.

Files are evaluated on the same pictures, so that only the pictures count on which just one of the
two is right: McNemar's test, here exact. Its interval is Tango's (Statistics in Medicine 17, 1998,
891 to 908), which inverts the score test of the paired difference. Intervals of a single share are
Wilson's (1927).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95

#: The quantile of the normal distribution that leaves `CONFIDENCE` between itself and its negative.
_Z = 1.959963984540054

#: Quantile of the normal distribution that four values in five lie below.
_Z_ONE_SIDED = 0.8416212335729143


@dataclass(frozen=True)
class Share:
    """A share of pictures, and the interval that its true value lies in at `CONFIDENCE`.

    Attributes:
        count: Pictures that it is true of.
        total: All pictures.
        share: The one over the other, 0 to 1.
        low: Lower end of Wilson's interval.
        high: Upper end.
    """

    count: int
    total: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedDifference:
    """By how much more often one file is right than another, on the same pictures.

    Attributes:
        only_file: Pictures on which only the file is right.
        only_reference: Pictures on which only the reference is right.
        total: All pictures.
        difference: Share of the file less that of the reference, -1 to 1.
        low: Lower end of Tango's interval.
        high: Upper end.
        p_value: Of McNemar's exact test, two-sided: how likely pictures are that favour one of two
            equally good files by so much.
    """

    only_file: int
    only_reference: int
    total: int
    difference: float
    low: float
    high: float
    p_value: float


def share_of(count: int, total: int) -> Share:
    """Return a share with its interval.

    Args:
        count: How often something was true.
        total: Out of how many times, at least 1.
    """
    from scipy.stats import binomtest

    interval = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return Share(count, total, count / total, float(interval.low), float(interval.high))


def paired_difference(only_file: int, only_reference: int, total: int) -> PairedDifference:
    """Return the difference of two shares of the same pictures.

    Args:
        only_file: Pictures on which only the first is right.
        only_reference: Pictures on which only the second is.
        total: All pictures, at least 1.
    """
    from scipy.stats import binomtest

    apart = only_file + only_reference
    p_value = float(binomtest(only_file, apart).pvalue) if apart else 1.0
    low, high = _tango(only_file, only_reference, total)
    difference = (only_file - only_reference) / total
    return PairedDifference(only_file, only_reference, total, difference, low, high, p_value)


def least_difference(paired: PairedDifference) -> float:
    """Return what a difference is not below, with four chances in five (Tango's bound)."""
    return _tango(paired.only_file, paired.only_reference, paired.total, _Z_ONE_SIDED)[0]


def _tango(b: int, c: int, n: int, z: float = _Z) -> tuple[float, float]:
    """Return the differences at which the score test just does not reject ``b`` and ``c`` of n."""
    from scipy.optimize import brentq

    def excess(difference: float, z: float) -> float:
        return _score(b, c, n, difference) - z

    found = (b - c) / n
    # The score falls as the difference grows; at the ends it may not reach the quantile.
    low = -1.0 if excess(-1, z) <= 0 else brentq(excess, -1, found, args=(z,))
    high = 1.0 if excess(1, -z) >= 0 else brentq(excess, found, 1, args=(-z,))
    return float(low), float(high)


def _score(b: int, c: int, n: int, difference: float) -> float:
    """Return Tango's statistic: how far b - c is from n times a difference, in deviations."""
    # The probability of the second kind of picture that fits best, if that is the difference.
    linear = (2 * n - b + c) * difference - b - c
    constant = -c * difference * (1 - difference)
    root = math.sqrt(max(linear**2 - 8 * n * constant, 0.0))
    probability = (root - linear) / (4 * n)
    variance = n * (2 * probability + difference * (1 - difference))
    gap = b - c - n * difference
    if variance <= 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / math.sqrt(variance)
