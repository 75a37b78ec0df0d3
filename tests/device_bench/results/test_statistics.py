"""The figures against other implementations, and their intervals against what they promise."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from _edgeship.device_bench.results import statistics
from _edgeship.device_bench.results.statistics import outliers, summarize
from tests.device_bench.results.made_rounds import noisy, rounds


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
