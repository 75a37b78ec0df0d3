"""Budgets, the gate of `compare`, and what is said where ratio and medians do not agree."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from _edgeship.device_bench.results.budget import (
    FIGURES,
    budget_outcome,
    check_unit,
    parse_budget,
)
from _edgeship.device_bench.results.comparing import Comparison, compare
from _edgeship.device_bench.results.gates import fraction, slower_outcome
from _edgeship.device_bench.results.medians import disagreement
from _edgeship.device_bench.results.statistics import summarize
from _edgeship.errors import InputError
from tests.device_bench.results.made_rounds import noisy, rounds
from tests.device_bench.synthetic import session


def test_amounts_are_read_with_their_units():
    limits = parse_budget("median=20ms, p90=1.5s,p99=900us,first=3µs,init=7ns,rss=50MB,size=3MiB")
    assert [limit.figure for limit in limits] == list(FIGURES)
    assert [limit.most for limit in limits] == [2e7, 1.5e9, 9e5, 3e3, 7, 5e7, 3 * 2**20]
    assert parse_budget("median=50M")[0].kind == "instructions"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not know ''"),
        ("p90", "does not know 'p90'"),
        ("p95=20ms", "does not know 'p95=20ms'"),
        ("p90=20ms;rss=5MB", "does not know"),
        ("p90=-1ms", "does not know"),
        ("p90=nan", "does not know"),
        ("p90=20MB", "'MB' is no unit of the 90th percentile"),
        ("rss=20ms", "'ms' is no unit of its peak memory"),
        ("rss=20", "no unit of its peak memory"),
        ("p90=20ms,p90=30ms", "p90 twice"),
    ],
)
def test_what_is_no_budget(text, words):
    with pytest.raises(InputError, match=words):
        parse_budget(text)


def test_times_and_instructions_are_not_mixed():
    check_unit(parse_budget("p90=20ms,rss=5MB"), "ns", "local")
    check_unit(parse_budget("median=5M,size=5MB"), "instructions", "virtual")
    with pytest.raises(InputError, match="virtual, which measures instructions") as caught:
        check_unit(parse_budget("p90=20ms"), "instructions", "virtual")
    assert "p90=50M" in caught.value.todo
    with pytest.raises(InputError, match="local, which measures time"):
        check_unit(parse_budget("median=5M"), "ns", "local")


def test_a_figure_is_held_against_its_limit():
    [one] = session("20261120-090000-aaaa", medians=(2e6,), labels=("net",), rounds=8).measurements
    summary = summarize(one.rounds)
    exact = f"median={summary.median:.0f}ns"
    assert budget_outcome(parse_budget(exact)[0], one, summary)[0] == "passed"
    outcome, words = budget_outcome(parse_budget("median=1ms")[0], one, summary)
    assert outcome == "failed"
    assert words.startswith("The median of its runs is ")
    assert "1.000 ms is allowed" in words
    [large] = parse_budget(f"size={one.subject.size - 1}B")
    assert budget_outcome(large, one, summary)[0] == "failed"
    unknown = dataclasses.replace(summary, peak_rss_bytes=None)
    outcome, words = budget_outcome(parse_budget("rss=1GB")[0], one, unknown)
    assert (outcome, "does not report it" in words) == ("error", True)


@pytest.mark.parametrize(("text", "value"), [("3%", 0.03), ("2.5 %", 0.025), ("5", 0.05)])
def test_percentages(text, value):
    assert fraction(text, "--margin") == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "0%", "-3%", "3%%", "three", "nan", "1e3"])
def test_what_is_no_percentage(text):
    with pytest.raises(InputError, match="no percentage above 0"):
        fraction(text, "--margin")


@pytest.mark.parametrize(
    ("low", "high", "outcome", "words"),
    [
        (1.04, 1.06, "failed", "more than 3 % slower"),
        (1.01, 1.02, "passed", "not more than 3 % slower"),
        (0.9, 1.2, "passed", "not shown to be"),
        (0.4, 0.6, "passed", "not more than 3 % slower"),
    ],
)
def test_a_file_fails_if_its_whole_interval_is_above_the_limit(low, high, outcome, words):
    found = Comparison((low + high) / 2, low, high, "slower", 0.999, 30)
    assert slower_outcome(found, "", "a.tflite", 0.03)[0] == outcome
    assert words in slower_outcome(found, "", "a.tflite", 0.03)[1]


def test_what_cannot_be_decided_opens_no_gate():
    few = compare(rounds([[1000, 1001]] * 3), rounds([[900 + k, 902] for k in range(3)]))
    outcome, words = slower_outcome(few, "", "a.tflite", 0.03)
    assert (outcome, "--rounds 11" in words) == ("error", True)
    outcome, words = slower_outcome(None, "The driver is a program.", "a.tflite", 0.03)
    assert (outcome, words.endswith("The driver is a program.")) == ("error", True)


def test_medians_that_contradict_a_ratio_are_explained():
    """Of B's runs most are disturbed, and the fast ones are faster than those of A."""
    generator = np.random.default_rng(0)
    a = rounds(noisy(generator, 12, between=0.005, busy=0.0))
    b = rounds(noisy(generator, 12, between=0.005, level=0.9e6, busy=0.0))
    assert compare(a, b).verdict == "faster"
    assert disagreement(compare(a, b), summarize(a), summarize(b), "ns") == ""
    runs = [
        [run * (1.3 if place > 8 else 1.0) for place, run in enumerate(one.process.runs)]
        for one in b
    ]
    busy = rounds([sorted(some) for some in runs])
    found = compare(a, busy)
    assert found.verdict == "faster"
    words = disagreement(found, summarize(a), summarize(busy), "ns")
    assert words.startswith("The medians (1.1")
    assert "say otherwise" in words


def test_medians_apart_are_explained_where_no_difference_is_shown():
    generator = np.random.default_rng(1)
    a = rounds(noisy(generator, 12, between=0.005, busy=0.0))
    b = rounds(
        [
            [run if place < 4 else run * 1.5 for place, run in enumerate(sorted(one))]
            for one in noisy(generator, 12, between=0.005, busy=0.0)
        ]
    )
    found = compare(a, b)
    assert found.verdict == "no difference shown"
    assert "say otherwise" in disagreement(found, summarize(a), summarize(b), "ns")
    assert disagreement(found, summarize(a), summarize(a), "ns") == ""
