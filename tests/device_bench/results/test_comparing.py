"""Comparisons against SciPy's test, and their verdicts against what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from _edgeship.device_bench.results import comparing
from _edgeship.device_bench.results.comparing import compare, signed_rank_interval
from tests.device_bench.results.made_rounds import noisy, rounds


@pytest.mark.parametrize(("count", "confidence"), [(8, 0.95), (12, 0.99), (15, 0.999), (20, 0.95)])
def test_the_interval_holds_what_the_signed_rank_test_does_not_reject(count, confidence):
    """SciPy's exact test knows nothing of the interval: it must change its mind at both ends."""
    values = np.random.default_rng(count).standard_t(2, count) + 1
    _, low, high, reached = signed_rank_interval(values, confidence)
    assert reached >= confidence
    step = 1e-9
    for end, inward in ((low, step), (high, -step)):
        inside = stats.wilcoxon(values - end - inward, method="exact").pvalue
        outside = stats.wilcoxon(values - end + inward, method="exact").pvalue
        assert inside > 1 - confidence >= outside


def test_few_values_give_the_confidence_that_they_can():
    values = np.arange(10.0)
    _, low, high, reached = signed_rank_interval(values, 0.999)
    assert (low, high) == (0, 9)
    assert reached == pytest.approx(1 - 2**-9)


def test_a_ratio_of_pairs_ignores_what_they_share():
    """Rounds differ by up to 40 %, but each pair has the same ratio."""
    generator = np.random.default_rng(0)
    levels = 1e6 * (1 + 0.4 * generator.random(12))
    a = rounds([[level, level * 1.01, level * 1.02] for level in levels])
    b = rounds([[level * 1.05, level * 1.06, level * 1.07] for level in levels])
    found = compare(a, b)
    assert found.verdict == "slower"
    assert found.ratio == pytest.approx(1.05, abs=1e-3)
    assert found.high - found.low < 1e-3
    assert compare(b, a).verdict == "faster"
    assert compare(b, a).ratio == pytest.approx(1 / found.ratio)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        (150, "no difference shown"),  # the most that was seen
        # One part in ten thousand, on either side.
        (4_999, "no difference shown"),
        (5_001, "slower"),
        (-4_999, "no difference shown"),
        (-5_001, "faster"),
    ],
)
def test_exact_figures_that_are_nearly_equal_are_not_told_apart(more, verdict):
    a, b = rounds([[50_000_000]] * 2), rounds([[50_000_000 + more]] * 2)
    assert compare(a, b).verdict == verdict


def test_rounds_that_repeat_exactly_give_an_exact_ratio():
    found = compare(rounds([[1000, 1010]] * 2), rounds([[1001, 1011]] * 2))
    assert found.low == found.ratio == found.high == 1006 / 1005
    assert (found.verdict, found.confidence) == ("slower", 1.0)
    assert compare(rounds([[1000]] * 2), rounds([[1000]] * 2)).verdict == "no difference shown"


@pytest.mark.parametrize("count", [1, 5])
def test_so_few_rounds_show_nothing(count):
    generator = np.random.default_rng(1)
    found = compare(rounds(noisy(generator, count)), rounds(noisy(generator, count, level=2e6)))
    assert found.ratio == pytest.approx(2, rel=0.2)
    assert (found.low, found.high, found.confidence) == (0, math.inf, 0)
    assert found.verdict == "too few rounds"


def test_six_rounds_are_the_fewest_that_show_something():
    generator = np.random.default_rng(1)
    found = compare(rounds(noisy(generator, 6)), rounds(noisy(generator, 6, level=2e6)))
    assert found.confidence == pytest.approx(1 - 2**-5)
    assert (found.verdict, found.rounds) == ("slower", 6)


def test_rounds_without_a_partner_are_left_out():
    generator = np.random.default_rng(2)
    a, b = rounds(noisy(generator, 12)), rounds(noisy(generator, 12))
    assert compare(a, b[:9]).rounds == 9
    assert compare(a[:3], b[6:]).rounds == 0


def test_a_file_against_itself_shows_no_difference():
    """Heavy tails, rounds of their own level and a drift that favours whoever comes first."""
    generator = np.random.default_rng(3)
    wrong = 0
    for _ in range(200):
        both = noisy(generator, 40, between=0.02, drift=0.005, runs=20)
        # A B, B A, ...: of each two neighbours in time the first is A in one round, B in the next.
        pairs = [both[k : k + 2][:: 1 if k % 4 == 0 else -1] for k in range(0, 40, 2)]
        a, b = zip(*pairs, strict=True)
        wrong += compare(rounds(a), rounds(b)).verdict != "no difference shown"
    # At 99.9 % one in a thousand is wrong: more than 2 of 200 has a probability of 0.1 %.
    assert wrong <= 2


def test_five_percent_are_found():
    generator = np.random.default_rng(4)
    verdicts = [
        compare(
            rounds(noisy(generator, 20, between=0.02, runs=20)),
            rounds(noisy(generator, 20, between=0.02, level=1.05e6, runs=20)),
        ).verdict
        for _ in range(100)
    ]
    assert verdicts.count("slower") >= 99


def test_the_interval_of_a_ratio_covers_it(monkeypatch):
    """At a lower confidence, where misses are frequent enough to count."""
    monkeypatch.setattr(comparing, "RATIO_CONFIDENCE", 0.95)
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        a, b = noisy(generator, 12, runs=20), noisy(generator, 12, level=1.2e6, runs=20)
        found = compare(rounds(a), rounds(b))
        covered += found.low <= 1.2 <= found.high
    # Binomial: 95 % of 200 is 190, with a standard deviation of 3.1.
    assert 180 <= covered < 200


def test_a_small_difference_within_the_margin_is_the_same():
    generator = np.random.default_rng(10)
    a = rounds(noisy(generator, 20, between=0.002, runs=20))
    b = rounds(noisy(generator, 20, between=0.002, level=1.005e6, runs=20))
    assert compare(a, b, 0.02).verdict == "the same"
    assert compare(b, a, 0.02).in_words == "the same within 2 %"
    assert compare(a, b, 0.001).verdict == "slower"
    assert compare(a, b).verdict == "slower"


def test_an_interval_that_reaches_over_the_margin_is_not_the_same():
    generator = np.random.default_rng(11)
    a, b = rounds(noisy(generator, 11, between=0.1)), rounds(noisy(generator, 11, between=0.1))
    found = compare(a, b, 0.02)
    assert found.low < 1 / 1.02 < 1.02 < found.high
    assert found.verdict == found.in_words == "no difference shown"


def test_exact_figures_are_the_same_within_a_margin():
    a, b = rounds([[1000]] * 2), rounds([[1019]] * 2)
    assert compare(a, b, 0.02).verdict == "the same"
    assert compare(b, a, 0.02).verdict == "the same"
    assert compare(a, rounds([[1021]] * 2), 0.02).verdict == "slower"


def test_a_difference_as_large_as_the_margin_is_seldom_called_the_same(monkeypatch):
    """At a lower confidence, where errors are frequent enough to count: 5 % of 300 are 15."""
    monkeypatch.setattr(comparing, "RATIO_CONFIDENCE", 0.9)
    monkeypatch.setattr(comparing, "LEAST_CONFIDENCE", 0.9)
    generator = np.random.default_rng(12)
    wrong = 0
    for _ in range(300):
        a = rounds(noisy(generator, 12, between=0.005, runs=20))
        b = rounds(noisy(generator, 12, between=0.005, level=1.02e6, runs=20))
        wrong += compare(a, b, 0.02).verdict == "the same"
    # Binomial, with a standard deviation of 3.8.
    assert 1 <= wrong <= 27
