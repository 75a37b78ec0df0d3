"""What happens to a measurement in the app when something happens to the phone or to the app.

Each test drives the code that drives a phone: a session through the real adb server, the app
runner, and the app itself on the virtual phone. Each says what the user is told, what was kept, and
that nothing is left on the phone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from _edgeship.device_bench.app.project import PACKAGE
from _edgeship.device_bench.measurement import bench
from _edgeship.device_bench.processes.base import DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.device_bench.results.records import MeasurementSettings, Session
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.errors import DeviceError
from tests.android.slow_file import slow
from tests.device_bench import small_files
from tests.device_bench.watched_session import WatchedSession, assert_nothing_is_left
from tests.phone.phone import Phone

pytestmark = pytest.mark.slow

RUN = f"{PACKAGE}:run"
SETTINGS = MeasurementSettings(
    runner="app", rounds=2, runs=3, seconds=0.0, warmup_runs=1, warmup_seconds=0.0, timeout=60.0
)
# With the slow file, long enough for something to happen in the middle of a process.
LONG = SETTINGS.model_copy(update={"warmup_seconds": 2.0})


class Bench(WatchedSession):
    """A session with the app.

    Attributes:
        uninstall: Whether the app goes in the end.
    """

    def __init__(self, phone: Phone, apk: Path, folder: Path) -> None:
        super().__init__(phone, folder)
        self.apk = apk
        self.uninstall = False

    def measure(
        self,
        name: str = "model.tflite",
        settings: MeasurementSettings = SETTINGS,
        *,
        profile: bool = False,
    ) -> Session:
        data = small_files.chain("int8") if settings.warmup_seconds == 0 else slow()
        runner = AppRunner(self.apk, uninstall=self.uninstall)
        return self.run(runner, name, data, settings, profile=profile)

    def when_measuring(self, action: Callable[[], object]) -> None:
        """Do something once, when the next run has executed the file for the first time."""
        runs = self.phone.apps.data(PACKAGE) / "files/runs"

        def is_measuring() -> bool:
            reports = list(runs.glob("*/report.jsonl"))
            return any(b'"first"' in report.read_bytes() for report in reports)

        self.phone.when(is_measuring, action)


@pytest.fixture
def at(app_phone: Phone, apk: Path, tmp_path: Path) -> Iterator[Bench]:
    """A bench; in the end nothing of it may be left on the phone but the app itself."""
    at = Bench(app_phone, apk, tmp_path)
    yield at
    assert_nothing_is_left(app_phone)
    if PACKAGE in app_phone.apps.installed():
        assert not at.uninstall
        runs = app_phone.apps.data(PACKAGE) / "files/runs"
        assert not runs.exists() or list(runs.iterdir()) == []


def test_without_faults_it_is_complete_and_computes_what_the_host_does(at):
    done = at.measure(profile=True)

    assert done.complete
    [measurement] = done.measurements
    assert measurement.parity.identical
    assert measurement.profile is not None
    assert [one.number for one in measurement.rounds] == [0, 1]
    assert [len(one.process.runs) for one in measurement.rounds] == [3, 3]
    assert at.stored() == done
    assert at.waited_for() == ""


def test_the_app_is_installed_once_and_stays(at, tmp_path, apk):
    at.measure()
    (tmp_path / "again").mkdir()
    Bench(at.phone, apk, tmp_path / "again").measure()

    assert at.phone.apps.installs == 1
    assert at.phone.apps.installed() == {PACKAGE: "0.2.0"}


def test_another_app_of_the_name_is_updated_and_keeps_its_data(at, tmp_path):
    other = tmp_path / "other.apk"
    other.write_bytes(at.apk.read_bytes() + b"\0")
    at.phone.apps.install(other)
    kept = at.phone.apps.data(PACKAGE) / "files/kept"
    kept.parent.mkdir(parents=True)
    kept.write_text("text")

    assert at.measure().complete

    assert at.phone.apps.installs == 1
    assert kept.read_text() == "text"


def test_it_can_be_uninstalled_in_the_end(at):
    at.uninstall = True

    assert at.measure().complete

    assert at.phone.apps.installed() == {}


@pytest.mark.parametrize(
    ("refusal", "why", "todo"),
    [
        (
            "INSTALL_FAILED_USER_RESTRICTED: Install canceled by user",
            "not allow",
            "Install via USB",
        ),
        (
            "INSTALL_FAILED_UPDATE_INCOMPATIBLE: signatures do not match",
            "another key",
            "adb uninst",
        ),
    ],
    ids=lambda text: text.split(":")[0] if text.startswith("INSTALL") else "",
)
def test_a_refused_installation_is_explained(at, refusal, why, todo):
    at.phone.apps.refusal = refusal

    with pytest.raises(DeviceError, match="does not install the app") as caught:
        at.measure()

    assert why in caught.value.why
    assert todo in caught.value.todo
    assert at.phone.apps.installed() == {}


def test_a_full_phone_is_named(at):
    # Enough for what the host pushes, and not for a second copy.
    at.phone.free_bytes = at.apk.stat().st_size + 20_000

    with pytest.raises(DeviceFull) as caught:
        at.measure()

    assert "space" in caught.value.why
    assert "Make room" in caught.value.todo


def test_a_phone_without_package_manager_is_named(adb_server, phone, apk, tmp_path):
    with pytest.raises(DeviceError, match="no program 'pm'"):
        Bench(phone, apk, tmp_path).measure()


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("ro.product.cpu.abi", "armeabi-v7a", "armeabi-v7a"),
        ("ro.build.version.sdk", "25", "Android"),
    ],
)
def test_a_phone_that_the_app_is_not_for_is_named(at, name, value, match):
    at.phone.set_property(name, value)

    with pytest.raises(DeviceError, match=match):
        at.measure()

    assert at.phone.apps.installed() == {}


def test_a_killed_run_ends_the_session_and_loses_nothing(at):
    at.on_round = lambda: at.when_measuring(partial(at.phone.apps.kill, RUN))

    with pytest.raises(DeviceError, match="was ended while it measured") as caught:
        at.measure(settings=LONG)

    assert "LOW_MEMORY" in caught.value.why
    assert at.stored_rounds() == [0]


def test_a_run_outlives_the_process_that_hands_out_its_report(at):
    at.on_round = lambda: at.when_measuring(partial(at.phone.apps.kill, PACKAGE))

    assert at.measure(settings=LONG).complete


def test_an_app_that_does_not_come_to_the_front_says_why(at):
    at.phone.apps.settings["covered"] = True

    with pytest.raises(DeviceError, match="did not measure") as caught:
        at.measure()

    assert "something else covers it" in caught.value.why
    assert caught.value.todo


def test_an_app_that_loses_the_front_ends_the_session(at):
    at.on_round = lambda: at.when_measuring(partial(at.phone.apps.ask, RUN, "leave"))

    with pytest.raises(DeviceError, match="did not measure") as caught:
        at.measure(settings=LONG)

    assert "lost the front" in caught.value.why
    assert at.stored_rounds() == [0]


def test_a_run_that_its_user_stops_ends_the_session(at):
    at.on_round = lambda: at.when_measuring(partial(at.phone.apps.ask, RUN, "click", text="Stop"))

    with pytest.raises(DeviceError, match="did not measure") as caught:
        at.measure(settings=LONG)

    assert "The user stopped the run" in caught.value.why


def test_a_hanging_run_is_stopped(at):
    stop = partial(at.phone.signal, RUN, signal.SIGSTOP)
    at.on_round = lambda: at.when_measuring(stop)

    with pytest.raises(DeviceTimeout, match="within 6 s"):
        at.measure(settings=LONG.model_copy(update={"timeout": 6.0}))

    assert at.stored_rounds() == [0]


def test_an_app_that_is_uninstalled_in_the_middle_is_named(at):
    at.on_round = lambda: at.when_measuring(partial(at.phone.apps.uninstall, PACKAGE))

    with pytest.raises(DeviceError):
        at.measure(settings=LONG)

    assert at.stored_rounds() == [0]


@pytest.mark.parametrize("fault", ["unplug", "reboot"])
def test_a_phone_that_comes_back_is_measured_to_the_end(at, fault):
    def unplug() -> None:
        at.phone.unplug()
        threading.Timer(2.0, at.phone.plug).start()

    break_it = unplug if fault == "unplug" else partial(at.phone.reboot, 2.0)
    at.on_round = lambda: at.when_measuring(break_it)

    done = at.measure(settings=LONG)

    assert done.complete
    assert "to come back" in at.waited_for()
    assert at.stored_rounds() == [0, 1]


def test_what_was_measured_before_a_phone_went_away_is_kept(at, tmp_path, apk, monkeypatch):
    monkeypatch.setattr(bench, "AWAY_SECONDS", 2.0)
    at.on_round = lambda: at.when_measuring(at.phone.unplug)

    with pytest.raises(DeviceGone, match="does not answer"):
        at.measure(settings=LONG)

    assert at.stored_rounds() == [0]
    at.phone.plug()
    # The next session removes what this one could not.
    (tmp_path / "again").mkdir()
    assert Bench(at.phone, apk, tmp_path / "again").measure().complete


def test_a_malformed_report_is_refused(at):
    at.on_round = lambda: at.phone.rewrite_output("/report", lambda data: data[: len(data) // 2])

    with pytest.raises(DeviceError):
        at.measure()

    assert at.stored_rounds() == [0]
