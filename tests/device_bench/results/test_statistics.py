"""The figures against other implementations, and their intervals against what they promise."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from _edgeship.device_bench.results import statistics
from _edgeship.device_bench.results.records import Conditions, Process, Round
from _edgeship.device_bench.results.statistics import (
    compare,
    outliers,
    signed_rank_interval,
    summarize,
)

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


def test_the_figures_of_known_runs():
    summary = summarize(rounds([[10, 20, 30], [40, 50, 60, 70]]))
    assert summary.median == 40
    assert summary.p90 == pytest.approx(64)  # 0.9 of the way along six steps of 10
    assert summary.p99 == pytest.approx(69.4)
    assert summary.mad == 20
    assert summary.cv == pytest.approx(np.std([10, 20, 30, 40, 50, 60, 70], ddof=1) / 40)
    assert (summary.init, summary.first) == (100.5, 50.5)
    assert summary.peak_rss_bytes == 2000
    assert (summary.rounds, summary.runs, summary.throttled, summary.outliers) == (2, 7, 0, 0)
    assert summary.low <= summary.median <= summary.high


def test_throttled_runs_are_left_out_and_counted():
    flags = [[False, True, True], [True, True, True], [False, False, False]]
    summary = summarize(rounds([[10, 900, 900], [900, 900, 900], [10, 12, 14]], flags))
    assert (summary.runs, summary.throttled, summary.rounds) == (4, 5, 2)
    assert summary.median == 11
    assert not summary.only_throttled


def test_only_throttled_runs_count_and_are_told():
    summary = summarize(rounds([[10, 11, 12]], [[True, True, True]]))
    assert summary.only_throttled
    assert (summary.median, summary.runs, summary.throttled) == (11, 3, 3)


def test_without_runs_there_are_no_figures():
    with pytest.raises(ValueError, match="no runs"):
        summarize([])


def test_an_outlier_is_marked_and_still_counts():
    values = np.array([100.0, 101, 102, 103, 104, 200])
    assert outliers(values).tolist() == [False] * 5 + [True]
    summary = summarize(rounds([values.tolist()]))
    assert (summary.outliers, summary.runs) == (1, 6)


@pytest.mark.parametrize(
    ("value", "is_outlier"), [(5.18, False), (5.20, True), (-5.18, False), (-5.20, True)]
)
def test_an_outlier_has_a_modified_z_score_above_three_and_a_half(value, is_outlier):
    """0.6745 * distance / MAD is 3.5 at a distance of 5.189 from the median, 0; the MAD is 1."""
    values = np.array([-2.0, -1, -1, 0, 1, 1, 2, value, -value])
    assert (np.median(values), stats.median_abs_deviation(values)) == (0, 1)
    assert outliers(values).tolist() == [False] * 7 + [is_outlier] * 2


def test_outliers_among_equal_values():
    assert outliers(np.array([5.0, 5, 5, 5, 5, 5, 5, 5, 5, 90]))[-1]
    assert not outliers(np.full(6, 5.0)).any()


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
    assert found.verdict == "no difference shown"


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
    monkeypatch.setattr(statistics, "RATIO_CONFIDENCE", 0.95)
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        a, b = noisy(generator, 12, runs=20), noisy(generator, 12, level=1.2e6, runs=20)
        found = compare(rounds(a), rounds(b))
        covered += found.low <= 1.2 <= found.high
    # Binomial: 95 % of 200 is 190, with a standard deviation of 3.1.
    assert 180 <= covered < 200


@pytest.mark.parametrize(("count", "between"), [(5, 0.02), (10, 0.02), (10, 0.1)])
def test_the_interval_of_a_median_covers_it(monkeypatch, count, between):
    """Runs of a round are alike: an interval that takes them as independent covers far less."""
    monkeypatch.setattr(statistics, "_RESAMPLES", 200)
    generator = np.random.default_rng(6)
    truth = np.median(np.concatenate(noisy(generator, 3000, between=between)))
    covered = naive = 0
    for seed in range(100):
        made = noisy(generator, count, between=between)
        low, high = statistics.median_interval(made, seed)
        covered += low <= truth <= high
        runs = np.sort(np.concatenate(made))
        edge = stats.binom.ppf([0.025, 0.975], len(runs), 0.5).astype(int)
        naive += runs[edge[0]] <= truth <= runs[edge[1]]
    # 95 of 100, with a standard deviation of 2.2.
    assert covered >= 88
    assert naive < 80


def test_the_same_runs_give_the_same_interval():
    made = rounds(noisy(np.random.default_rng(7), 5))
    assert summarize(made) == summarize(made)


def test_many_runs_in_a_round_are_no_burden():
    generator = np.random.default_rng(8)
    values = [generator.gamma(2, 1000, 50_000) for _ in range(10)]
    start = time.process_time()
    low, high = statistics.median_interval(values)
    # It takes 0.8 s; with all 500,000 runs drawn a thousand times it took 13.6 s.
    assert time.process_time() - start < 3
    assert low < np.median(np.concatenate(values)) < high


def test_a_long_round_weighs_as_much_in_the_interval_as_in_the_median():
    """Nine tenths of all runs are of one round, so that the median is in it."""
    generator = np.random.default_rng(9)
    values = [generator.normal(1000, 1, 9000), generator.normal(2000, 1, 500)]
    values.append(generator.normal(2000, 1, 500))
    low, high = statistics.median_interval(values)
    assert low <= np.median(np.concatenate(values)) <= high
    assert low == pytest.approx(1000, abs=10)
