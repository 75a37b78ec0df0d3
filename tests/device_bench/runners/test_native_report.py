"""The native runner's report: what is taken from it, and what is refused."""

from __future__ import annotations

import json

import pytest

from _edgeship.device_bench.results.app_conditions import AppConditions
from _edgeship.device_bench.results.records import Op
from _edgeship.device_bench.runners import native_report
from _edgeship.device_bench.runners.native_report import (
    BrokenOffError,
    MalformedError,
    RunnerError,
    parse_app_report,
    parse_report,
)

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


APP = {
    "event": "app",
    "version": "0.2.0",
    "sdk": 35,
    "abi": "arm64-v8a",
    "cores": "0-7",
    "thermal_status": 0,
    "thermal_headroom": 0.4,
    "sustained_performance": True,
    "importance": 100,
}
APP_END = {"event": "app_end", "thermal_status": 1, "thermal_headroom": 0.75}
INSIDE = (INIT, FIRST, WARMUP, RUN, END)


def test_a_report_of_the_app_tells_what_android_granted() -> None:
    report = parse_app_report(text(APP, *INSIDE, APP_END), "LiteRT 1.2.3")
    assert report.process.runner == "app"
    assert report.process.runs == (40,)
    assert report.output_sizes == (8, 4)
    granted = report.process.app
    assert granted is not None
    assert granted == AppConditions(
        version="0.2.0",
        abi="arm64-v8a",
        cores="0-7",
        sustained_performance=True,
        importance=100,
        thermal_status=0,
        thermal_headroom=0.4,
        thermal_status_after=1,
        thermal_headroom_after=0.75,
    )
    assert (granted.worst_status, granted.worst_headroom) == (1, 0.75)


def test_an_old_android_tells_no_heat() -> None:
    unknown = {"thermal_status": None, "thermal_headroom": None}
    process = parse_app_report(
        text({**APP, **unknown}, *INSIDE, {**APP_END, **unknown}), ""
    ).process
    assert process.app is not None
    assert (process.app.worst_status, process.app.worst_headroom) == (None, None)


@pytest.mark.parametrize(
    "report",
    [
        "",
        text(APP, *INSIDE),
        text(APP, *INSIDE[:3]),
        text(APP),
        text(APP)[:30],
        text(APP, *INSIDE, APP_END)[:-1],
        text(APP, *INSIDE[:4])[:-10],
        text(APP, INIT, FIRST, RUN, APP_END),
    ],
)
def test_a_report_of_the_app_without_an_end_breaks_off(report: str) -> None:
    with pytest.raises(BrokenOffError):
        parse_app_report(report, "")


@pytest.mark.parametrize(
    ("report", "where"),
    [
        (text(*INSIDE), "does not begin with the app's line"),
        (text(*INSIDE, APP_END), "does not begin with the app's line"),
        (text(APP, APP, *INSIDE, APP_END), "in its middle"),
        (text(APP, *INSIDE, APP_END, APP_END), "in its middle"),
        (text(APP, APP_END), "no runs"),
        (text({**APP, "version": "v" * 101}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "cores": "0," * 200}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "thermal_status": 7}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "thermal_headroom": float("nan")}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "thermal_headroom": 1e9}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "importance": "100"}, *INSIDE, APP_END), "line 1"),
        (text({**APP, "more": 1}, *INSIDE, APP_END), "line 1"),
    ],
)
def test_what_the_app_does_not_report_is_refused(report: str, where: str) -> None:
    with pytest.raises(MalformedError, match=where) as caught:
        parse_app_report(report, "")
    assert not isinstance(caught.value, BrokenOffError)


def test_control_characters_of_the_app_do_not_get_through() -> None:
    report = parse_app_report(text({**APP, "version": "a\x1b[2J"}, *INSIDE, APP_END), "")
    assert report.process.app is not None
    assert report.process.app.version == "a?[2J"


def test_the_program_reports_nothing_of_an_app() -> None:
    with pytest.raises(MalformedError, match="in its middle"):
        parse_report(text(APP, *INSIDE, APP_END), "")
