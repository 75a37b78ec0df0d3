"""The native runner's report: what is taken from it, and what is refused."""

from __future__ import annotations

import json

import pytest

from _edgeship.device_bench.results.records import Op
from _edgeship.device_bench.runners import native_report
from _edgeship.device_bench.runners.native_report import MalformedError, RunnerError, parse_report

INIT = {"event": "init", "ns": 70}
FIRST = {"event": "first", "ns": 60}
WARMUP = {"event": "warmup", "ns": 50}
RUN = {"event": "run", "ns": 40, "mhz": 1800, "capped": True}
END = {"event": "end", "peak_rss_bytes": 99, "fully_accelerated": True, "outputs": [8, 4]}


def text(*events: object) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def test_a_whole_report() -> None:
    unknown = {**RUN, "ns": 41, "mhz": None, "capped": None}
    report = parse_report(text(INIT, FIRST, WARMUP, WARMUP, RUN, unknown, END), "LiteRT 1.2.3")
    process = report.process
    assert (process.init, process.first, process.warmup) == (70, 60, (50, 50))
    assert (process.runs, process.mhz, process.capped) == ((40, 41), (1800, None), (True, False))
    assert (process.peak_rss_bytes, process.fully_accelerated) == (99, True)
    assert (process.runner, process.runtime) == ("native", "LiteRT 1.2.3")
    assert (report.output_sizes, report.profile) == ((8, 4), None)


def test_frequencies_that_are_never_known_are_left_out() -> None:
    run = {**RUN, "mhz": None, "capped": None}
    process = parse_report(text(INIT, FIRST, run, run, END), "").process
    assert (process.mhz, process.capped) == ((), ())


def test_a_profile() -> None:
    op = {"event": "op", "name": 'a "b"', "delegated": True, "ns": 30}
    runs = [{**RUN, "ns": ns} for ns in (40, 50)]
    partitions = {"event": "partitions", "count": 1}
    report = parse_report(text(INIT, FIRST, *runs, op, partitions, END), "")
    assert report.profile is not None
    assert report.profile.ops == (Op(index=0, name='a "b"', delegated=True, time=30),)
    assert (report.profile.total, report.profile.partitions) == (45, 1)


def test_an_error_wins_over_what_was_reported_before() -> None:
    with pytest.raises(RunnerError, match="no room"):
        parse_report(text(INIT, {"event": "error", "what": "no room"}), "")


@pytest.mark.parametrize(
    ("report", "where"),
    [
        ("", "no runs"),
        (text(INIT, FIRST, END), "no runs"),
        (text(INIT, FIRST, RUN), "breaks off"),
        (text(INIT, FIRST, RUN, END, RUN), "breaks off"),
        (text(INIT, FIRST, RUN, END, END), "breaks off"),
        (text(FIRST, RUN, END), "0 lines 'init'"),
        (text(INIT, INIT, FIRST, RUN, END), "2 lines 'init'"),
        (text(INIT, FIRST, RUN, END)[:-9], "line 4"),
        ("[]", "line 1"),
        ('{"event":"other"}', "line 1"),
        (text(INIT, FIRST, {**RUN, "ns": -1}), "line 3"),
        (text(INIT, FIRST, {**RUN, "ns": 1 << 63}), "line 3"),
        (text(INIT, FIRST, {**RUN, "ns": "40"}), "line 3"),
        (text(INIT, FIRST, {**RUN, "ns": 4.5}), "line 3"),
        (text(INIT, FIRST, {**RUN, "capped": 1}), "line 3"),
        (text(INIT, FIRST, {**RUN, "more": 1}), "line 3"),
        (text(INIT, FIRST, RUN, {**END, "outputs": [1] * 1001}), "line 4"),
        (text({"event": "op", "name": "n" * 501, "delegated": True, "ns": 1}), "line 1"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(report: str, where: str) -> None:
    with pytest.raises(MalformedError, match=where):
        parse_report(report, "")


def test_a_flood_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_report, "MAX_CHARACTERS", 100)
    with pytest.raises(MalformedError, match="100 are the most"):
        parse_report(text(INIT, FIRST, *[RUN] * 3, END), "")
