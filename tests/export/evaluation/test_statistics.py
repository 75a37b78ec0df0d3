"""Intervals against published figures, and against slow searches that share no formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from _edgeship.export.evaluation.statistics import least_difference, paired_difference, share_of

Z = 1.959964


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), 857 to 872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_of_shares_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    found = share_of(count, total)
    assert found.share == count / total
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_interval_of_a_difference_is_tangos() -> None:
    """Fagerland, Lydersen, Laake: Statistics in Medicine 33 (2014), 2850 to 2875: airways."""
    found = paired_difference(1, 7, 21)
    assert found.difference == pytest.approx(-0.286, abs=5e-4)
    assert (found.low, found.high) == (
        pytest.approx(-0.517, abs=5e-4),
        pytest.approx(-0.026, abs=5e-4),
    )


def test_the_test_is_the_exact_one_of_mcnemar() -> None:
    """By hand: of 8 pictures at most one on a side, in 2 of 2 ** 8 ways times (1 + 8)."""
    assert paired_difference(1, 7, 21).p_value == pytest.approx(2 * (1 + 8) / 2**8)
    assert paired_difference(7, 1, 5000).p_value == pytest.approx(2 * (1 + 8) / 2**8)
    assert paired_difference(4, 4, 100).p_value == 1
    assert paired_difference(0, 0, 100).p_value == 1


def _deviations(b: int, c: int, n: int, difference: float) -> float:
    """Return how far ``b - c`` is from a difference, in deviations; all found by search."""
    # Of all ways to share out the pictures at this difference, that which makes b and c likeliest.
    second = np.linspace(max(0, -difference), (1 - difference) / 2, 200_001)[1:-1]
    first = second + difference
    with np.errstate(divide="ignore"):
        likelihood = (
            b * np.log(first) + c * np.log(second) + (n - b - c) * np.log(1 - first - second)
        )
    best = second[np.argmax(likelihood)]
    return float((b - c - n * difference) / math.sqrt(n * (2 * best + difference - difference**2)))


@pytest.mark.parametrize(
    ("b", "c", "n"), [(1, 7, 21), (12, 2, 50), (20, 41, 10_000), (3, 3, 400), (30, 11, 60)]
)
def test_a_difference_at_the_end_of_the_interval_is_just_not_rejected(
    b: int, c: int, n: int
) -> None:
    found = paired_difference(b, c, n)
    assert found.low < (b - c) / n < found.high
    assert _deviations(b, c, n, found.low) == pytest.approx(Z, abs=2e-3)
    assert _deviations(b, c, n, found.high) == pytest.approx(-Z, abs=2e-3)


@pytest.mark.parametrize(("b", "c", "n"), [(0, 0, 50), (5, 0, 5), (0, 5, 5), (1, 0, 1), (0, 9, 90)])
def test_intervals_of_extreme_counts_hold_the_difference(b: int, c: int, n: int) -> None:
    found = paired_difference(b, c, n)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.high - found.low > 0
    mirrored = paired_difference(c, b, n)
    assert (mirrored.low, mirrored.high) == (
        pytest.approx(-found.high, abs=1e-9),
        pytest.approx(-found.low, abs=1e-9),
    )


def test_a_difference_is_not_below_its_bound_with_four_chances_in_five() -> None:
    """Of pairs drawn many times, whose files differ by a known share."""
    rng, total, truth = np.random.default_rng(0), 400, -0.01
    pairs = rng.multinomial(total, (0.02, 0.03, 0.95), 1000)
    bounds = [least_difference(paired_difference(b, c, total)) for b, c, _ in pairs.tolist()]
    assert 0.76 < np.mean(np.array(bounds) <= truth) < 0.84
