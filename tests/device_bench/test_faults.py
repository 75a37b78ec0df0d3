"""What happens to a measurement when something happens to the phone.

Each test drives the code that drives a phone: a session through the real adb server, the native
runner as an arm64 program on the virtual phone, and the store. Each says what the user is told,
what was kept, and that nothing is left on the phone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from _edgeship.device_bench.measurement import bench
from _edgeship.device_bench.processes.base import DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.device_bench.results.records import MeasurementSettings, Session
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.errors import DeviceError
from tests.device_bench import small_files
from tests.device_bench.watched_session import WatchedSession, assert_nothing_is_left
from tests.phone.phone import Phone

pytestmark = [pytest.mark.slow, small_files.needs_virtual]

SETTINGS = MeasurementSettings(
    rounds=2, runs=3, seconds=0.0, warmup_runs=1, warmup_seconds=0.0, timeout=60.0
)

# In the command line of the native runner, and of nothing else.
RUNNER = "./runner"


class Bench(WatchedSession):
    """A session with the native runner."""

    def measure(
        self, name: str = "model.tflite", settings: MeasurementSettings = SETTINGS
    ) -> Session:
        return self.run(NativeRunner(), name, small_files.chain("int8"), settings)


@pytest.fixture
def at(phone: Phone, tmp_path: Path) -> Iterator[Bench]:
    """A bench; in the end nothing of it may be left on the phone."""
    yield Bench(phone, tmp_path)
    assert_nothing_is_left(phone)


def test_without_faults_it_is_complete_and_computes_what_the_host_does(at):
    done = at.measure()

    assert done.complete
    assert done.measurements[0].parity.identical
    assert [one.number for one in done.measurements[0].rounds] == [0, 1]
    assert at.stored() == done
    assert at.waited_for() == ""


def test_a_file_may_have_any_name(at):
    done = at.measure(""" a 'b' "c"; rm -rf $HOME `id` *.tflite""")

    assert done.complete


@pytest.mark.parametrize("fault", ["unplug", "reboot"])
def test_a_phone_that_comes_back_is_measured_to_the_end(at, fault):
    def unplug() -> None:
        at.phone.unplug()
        threading.Timer(2.0, at.phone.plug).start()

    break_it = unplug if fault == "unplug" else partial(at.phone.reboot, 2.0)
    at.on_round = lambda: at.phone.when_running(RUNNER, break_it)

    done = at.measure()

    assert done.complete
    assert "to come back" in at.waited_for()
    assert at.stored_rounds() == [0, 1]
    assert at.rounds()[0].round in done.measurements[0].rounds


def test_what_was_measured_before_a_phone_went_away_is_kept(at, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "AWAY_SECONDS", 2.0)
    at.on_round = lambda: at.phone.when_running(RUNNER, at.phone.unplug)

    with pytest.raises(DeviceGone, match="does not answer") as caught:
        at.measure()

    assert "plug it in again" in caught.value.todo
    assert at.stored_rounds() == [0]
    assert not at.stored().complete
    # The next session on this phone removes what this one could not.
    assert list(at.phone.path("/data/local/tmp").iterdir()) != []
    at.phone.plug()
    assert Bench(at.phone, _new_folder(tmp_path)).measure().complete


def test_a_full_phone_is_named(at):
    at.phone.free_bytes = 1_000_000

    with pytest.raises(DeviceFull, match="cannot be written") as caught:
        at.measure()

    assert "No space left on device" in caught.value.why
    assert "Make room" in caught.value.todo


def test_a_killed_runner_ends_the_session_and_loses_nothing(at):
    kill = partial(at.phone.signal, RUNNER, signal.SIGKILL)
    at.on_round = lambda: at.phone.when_running(RUNNER, kill)

    with pytest.raises(DeviceError) as caught:
        at.measure()

    assert "killed by signal 9" in str(caught.value)
    assert at.stored_rounds() == [0]


def test_a_hanging_runner_is_killed(at):
    stop = partial(at.phone.signal, RUNNER, signal.SIGSTOP)
    at.on_round = lambda: at.phone.when_running(RUNNER, stop)

    with pytest.raises(DeviceTimeout, match="within 8 s"):
        at.measure(settings=SETTINGS.model_copy(update={"timeout": 8.0}))

    assert at.stored_rounds() == [0]


def test_an_abi_that_nothing_is_built_for_is_named(at):
    at.phone.set_property("ro.product.cpu.abi", "armeabi-v7a")

    with pytest.raises(DeviceError, match="armeabi-v7a"):
        at.measure()


@pytest.mark.parametrize(
    "change",
    [lambda data: data[: len(data) // 2], lambda data: b"\x00\xff", lambda data: data * 40],
    ids=["half", "no text", "too often"],
)
def test_a_malformed_report_is_refused(at, change):
    at.on_round = lambda: at.phone.rewrite_output(RUNNER, change)

    with pytest.raises(DeviceError, match="malformed"):
        at.measure()

    assert at.stored_rounds() == [0]


def test_a_hot_phone_is_waited_for(at):
    at.phone.when_running(RUNNER, at.phone.throttle)
    at.on_waiting = at.phone.cool_down

    done = at.measure()

    assert done.complete
    assert "cool" in at.waited_for()
    assert not any(done.measurements[0].rounds[-1].throttled)


def test_runs_while_the_phone_throttles_are_marked(at):
    at.on_round = lambda: at.phone.when_running(RUNNER, at.phone.throttle)

    done = at.measure()

    first, second = done.measurements[0].rounds
    assert not any(first.throttled)
    assert any(second.throttled)


def _new_folder(parent: Path) -> Path:
    folder = parent / "next"
    folder.mkdir()
    return folder
