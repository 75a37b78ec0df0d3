"""Runs in the app: its dex on the JVM, its own library, the real LiteRT."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.runners.native_report import (
    BrokenOffError,
    RunnerError,
    parse_app_report,
)
from tests.android.on_jvm import RUNS, AppOnJvm
from tests.android.process import AppProcess
from tests.android.slow_file import slow
from tests.android.unpacked import Unpacked
from tests.device_bench.small_files import chain, image, interpret, network

pytestmark = pytest.mark.slow

_WORK = "/data/local/tmp/w"


def _eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def _order(app: AppOnJvm, model: bytes, *more: str) -> str:
    app.push(f"{_WORK}/m.tflite", model)
    return app.order(["--model", f"{_WORK}/m.tflite", *more])


def _short(app: AppOnJvm, model: bytes | None = None) -> str:
    return _order(app, model or chain(), "--threads", "1", "--runs", "3", "--warmup-runs", "1")


def _endless(app: AppOnJvm) -> str:
    return _order(app, slow(), "--threads", "1", "--run-ns", str(60 * 10**9))


def _begin(app: AppOnJvm, run: str, order: str) -> AppProcess:
    """Start a run and wait until it measures."""
    process = app.start(run, order)
    report = app.path(f"/data/user/0/dev.edgeship.bench/files/runs/{run}/report.jsonl")
    _eventually(lambda: report.exists() and b'"first"' in report.read_bytes())
    return process


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_it_measures_and_computes_what_the_interpreter_computes(app, kind):
    model = chain(kind)
    app.push(f"{_WORK}/x", image().tobytes())
    order = _order(
        app, model, "--threads", "1", "--runs", "5", "--input", f"{_WORK}/x", "--profile"
    )

    process = app.start("a-1", order)
    report = parse_app_report(app.read("a-1").decode(), "LiteRT")
    outputs = app.read("a-1", "outputs")

    assert process.wait() == 128 + signal.SIGKILL  # as Android ends a process
    assert len(report.process.runs) == 3  # the faster half
    assert report.profile is not None
    [expected] = interpret(model, image())
    assert outputs == expected.tobytes()
    assert report.output_sizes == (len(outputs),)


def test_several_outputs_come_in_the_order_of_the_file(app):
    model = network().data()
    app.push(f"{_WORK}/x", image().tobytes())
    app.start("two", _order(app, model, "--threads", "1", "--input", f"{_WORK}/x"))

    report = parse_app_report(app.read("two").decode(), "LiteRT")
    outputs = app.read("two", "outputs")

    expected = interpret(model, image())
    assert list(report.output_sizes) == [array.nbytes for array in expected]
    np.testing.assert_array_equal(
        np.frombuffer(outputs, np.float32), np.concatenate([array.ravel() for array in expected])
    )


def test_the_report_tells_the_conditions(app):
    app.settings["thermal_status"] = 2
    app.start("told", _short(app))

    first, *_, last = app.events("told")

    assert first == {
        "event": "app",
        "version": "0.2.0",
        "sdk": 35,
        "abi": "x86_64",
        "cores": first["cores"],
        "thermal_status": 2,
        "thermal_headroom": pytest.approx(0.3),
        "sustained_performance": True,
        "importance": 100,
    }
    assert first["cores"] == _allowed_cores()
    assert last["event"] == "app_end"
    assert last["thermal_status"] == 2


def _allowed_cores() -> str:
    [line] = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("Cpus_allowed_list:")
    ]
    return line.split()[1]


def test_android_8_has_no_thermal_status(app):
    app.settings["sdk"] = 26
    app.start("old", _short(app))

    first = app.events("old")[0]

    assert (first["thermal_status"], first["thermal_headroom"]) == (None, None)


def test_runs_are_listed_the_newest_first_and_survive_the_app(app):
    for run in ("one", "two"):
        app.start(run, _short(app)).wait()
        os.utime(
            app.path(f"/data/user/0/dev.edgeship.bench/files/runs/{run}/lock"),
            (0, 1_700_000_000 + len(app.listed())),
        )
    app.main.kill()

    listed = app.listed()

    assert [row["id"] for row in listed] == ["two", "one"]
    assert {row["state"] for row in listed} == {"finished"}
    assert {row["model"] for row in listed} == {"m.tflite"}


def test_one_run_can_be_removed_and_all(app):
    for run in ("one", "two", "three"):
        app.start(run, _short(app)).wait()

    assert app.main.ask("delete", uri=f"{RUNS}/one") == 1
    assert {row["id"] for row in app.listed()} == {"two", "three"}
    assert app.main.ask("delete", uri=f"{RUNS}/nothing") == 0
    assert app.main.ask("delete", uri=RUNS) == 2
    assert app.listed() == []
    assert list(app.path("/data/user/0/dev.edgeship.bench/files/runs").iterdir()) == []


def test_the_reader_of_a_report_follows_the_run_to_its_end(app):
    process = _begin(app, "long", _endless(app))

    assert app.listed()[0]["state"] == "running"
    process.ask("click", text="Stop")
    events = app.events("long")

    errors = [event["what"] for event in events if event["event"] == "error"]
    assert errors == ["The user stopped the run."]
    process.wait()
    assert app.listed()[0]["state"] == "failed"


def test_a_run_that_loses_the_front_ends_with_a_reason(app):
    process = _begin(app, "behind", _endless(app))

    process.ask("leave")

    with pytest.raises(RunnerError, match="lost the front"):
        parse_app_report(app.read("behind").decode(), "LiteRT")
    process.wait()


def test_a_killed_run_leaves_what_it_had_and_frees_the_lock(app):
    process = _begin(app, "killed", _endless(app))
    process.kill()

    text = app.read("killed").decode()

    with pytest.raises(BrokenOffError):
        parse_app_report(text, "LiteRT")
    assert '"first"' in text
    assert app.listed()[0]["state"] == "died"
    assert app.main.ask("delete", uri=f"{RUNS}/killed") == 1
    app.start("next", _short(app))
    assert len(parse_app_report(app.read("next").decode(), "LiteRT").process.runs) == 3


def test_a_running_run_is_not_removed(app):
    process = _begin(app, "long", _endless(app))

    assert app.main.ask("delete", uri=f"{RUNS}/long") == 0
    assert app.main.ask("delete", uri=RUNS) == 0

    assert app.listed()[0]["state"] == "running"
    process.close()


def test_a_second_run_meanwhile_is_refused_and_the_first_goes_on(app):
    process = _begin(app, "first", _endless(app))

    process.ask(
        "start",
        activity="dev.edgeship.bench.RunActivity",
        extras={"run": "second", "order": _short(app)},
    )

    [line] = app.events("second")
    assert line == {"event": "error", "what": "Another run is going on."}
    assert {row["id"]: row["state"] for row in app.listed()} == {
        "first": "running",
        "second": "failed",
    }
    process.close()


def test_on_a_locked_phone_it_waits_and_says_so(app):
    app.settings["locked"] = True

    app.start("locked", _short(app))

    with pytest.raises(RunnerError, match="locked"):
        parse_app_report(app.read("locked").decode(), "LiteRT")


def test_without_litert_it_says_how_to_add_it(unpacked: Unpacked, tmp_path: Path):
    with AppOnJvm(unpacked, None, tmp_path / "phone") as app:
        app.start("none", _short(app))

        with pytest.raises(RunnerError, match="This app has no LiteRT library") as caught:
            parse_app_report(app.read("none").decode(), "LiteRT")

    assert "app build --litert" in str(caught.value)
