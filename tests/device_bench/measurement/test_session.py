"""A session on a fake runner: its order, what it tells, and what faults leave of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.measurement import bench
from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from _edgeship.device_bench.measurement.session import measure
from _edgeship.device_bench.processes.base import DeviceGone, DeviceTimeout
from _edgeship.device_bench.results.records import Conditions, MeasurementSettings, Session
from _edgeship.errors import DeviceError, InputError, VerificationError
from tests.device_bench.measurement.fakes import (
    PHONE,
    BreakableDevice,
    FakeRunner,
    cool,
    right_outputs,
)
from tests.device_bench.small_files import chain

SETTINGS = MeasurementSettings(rounds=4, runs=3)


class Bench:
    """A session with all that a test needs to look at."""

    def __init__(self, folder: Path) -> None:
        self.files = [folder / "a.tflite", folder / "b.tflite"]
        self.files[0].write_bytes(chain())
        self.files[1].write_bytes(chain("int8"))
        base = folder / "device"
        base.mkdir()
        self.device = BreakableDevice(base)
        self.runner = FakeRunner(self.device)
        self.runners: list[FakeRunner] = []
        self.events: list[Event] = []

    def measure(self, settings: MeasurementSettings = SETTINGS, **options: object) -> Session:
        return measure(
            self.device,
            self.runners or [self.runner],
            self.files,
            settings,
            command="run a b",
            on_event=self.events.append,
            **options,  # type: ignore[arg-type]
        )

    def rounds(self) -> list[tuple[int, int, int]]:
        """File, number and place of each round of which there was an event."""
        return [
            (event.measurement_index, event.round.number, event.round.order)
            for event in self.events
            if isinstance(event, RoundDone)
        ]

    def ended(self) -> bool:
        """Whether the session says that it is complete; its end must be the last event."""
        [*others, last] = self.events
        assert isinstance(last, SessionEnded)
        assert not any(isinstance(event, SessionEnded) for event in others)
        return last.complete


@pytest.fixture
def on(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "read_properties", lambda device: PHONE)
    monkeypatch.setattr(system, "read_conditions", lambda device: cool())
    monkeypatch.setattr(bench, "_POLL", 0.001)
    return Bench(tmp_path)


def test_rounds_alternate_and_all_is_told_in_order(on):
    session = on.measure()
    assert on.rounds() == [
        *((0, 0, 0), (1, 0, 1)),
        *((1, 1, 0), (0, 1, 1)),
        *((0, 2, 0), (1, 2, 1)),
        *((1, 3, 0), (0, 3, 1)),
    ]
    first = on.events[0]
    assert isinstance(first, SessionStarted)
    assert not first.session.complete
    assert [one.rounds for one in first.session.measurements] == [(), ()]
    assert on.ended()
    assert session.complete
    assert session.device == PHONE
    assert session.command == "run a b"
    assert [one.subject.label for one in session.measurements] == ["a.tflite", "b.tflite"]
    for one in session.measurements:
        assert [r.number for r in one.rounds] == [0, 1, 2, 3]
        assert one.parity is not None and one.parity.identical
        assert one.rounds[0].process.runs == (1000, 1010, 1020)
        assert one.rounds[0].throttled == (False, False, False)
    assert on.device.left() == []


def test_several_runners_take_turns_as_files_do(on):
    app = FakeRunner(on.device, name="app")
    app.times = iter(((2000, 2010, 2020),) * 8)
    on.runners = [on.runner, app]
    session = on.measure()
    what = [(one.subject.label, one.settings.runner) for one in session.measurements]
    assert what == [
        *(("a.tflite", "native"), ("a.tflite", "app")),
        *(("b.tflite", "native"), ("b.tflite", "app")),
    ]
    assert on.rounds()[:8] == [
        *((0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3)),
        *((3, 1, 0), (2, 1, 1), (1, 1, 2), (0, 1, 3)),
    ]
    for one in session.measurements:
        assert {r.process.runner for r in one.rounds} == {one.settings.runner}
        assert {r.process.runs[0] for r in one.rounds} == {
            2000 if one.settings.runner == "app" else 1000
        }
        assert one.parity is not None and one.parity.identical
    # Each ran both files, one after the other and back.
    a, b = (one.subject.sha256 for one in session.measurements[::2])
    assert on.runner.jobs == app.jobs == [a, b, b, a, a, b, b, a]
    assert (on.runner.prepared, app.prepared) == (1, 1)
    assert (on.runner.left, app.left) == (1, 1)


def test_what_a_runner_cannot_take_away_is_told_unless_more_went_wrong(on):
    def refuse() -> None:
        raise DeviceError("The app cannot be uninstalled.")

    on.runner.leaving = refuse
    with pytest.raises(DeviceError, match="cannot be uninstalled"):
        on.measure()
    assert len(on.rounds()) == 8
    on.runner.outputs = lambda data: (b"123",)
    with pytest.raises(DeviceError, match="other sizes"):
        on.measure()
    assert on.runner.left == 2
    assert on.device.left() == []


def test_a_wrong_answer_is_an_error_however_fast(on):
    on.runner.outputs = lambda data: tuple(bytes(len(raw)) for raw in right_outputs(data))
    with pytest.raises(VerificationError, match="does not compute what the host computes"):
        on.measure()
    assert on.rounds() == []
    assert not on.ended()
    assert on.device.left() == []


def test_outputs_of_another_size_are_an_error(on):
    on.runner.outputs = lambda data: (b"123",)
    with pytest.raises(DeviceError, match="other sizes"):
        on.measure()


def test_a_runner_that_gives_no_outputs_leaves_a_warning(on):
    on.runner.outputs = lambda data: None
    session = on.measure()
    for one in session.measurements:
        assert one.parity is None
        assert any("not compared" in text for text in one.warnings)


def test_a_device_that_comes_back_loses_only_the_process_that_ran(on):
    def unplug(number: int) -> None:
        if number == 4:
            on.device.away = 5
            for file in Path(on.device.base).glob("*/*"):
                file.unlink()  # as after a reboot of a device whose folder is in memory
            raise DeviceGone("The device was unplugged.")

    on.runner.before = unplug
    session = on.measure()
    assert session.complete
    assert [len(one.rounds) for one in session.measurements] == [4, 4]
    assert len(on.runner.jobs) == 9  # eight, and one of them again
    assert on.runner.jobs[3] == on.runner.jobs[4]
    assert on.runner.prepared == 2
    [waiting] = [event for event in on.events if isinstance(event, Waiting)]
    assert "to come back" in waiting.reason
    assert "unplugged" in waiting.reason
    assert waiting.seconds == bench.AWAY_SECONDS


def test_a_device_that_stays_away_keeps_finished_rounds(on, monkeypatch):
    monkeypatch.setattr(bench, "AWAY_SECONDS", 0.005)

    def unplug(number: int) -> None:
        if number == 4:
            on.device.away = 10**6
            raise DeviceGone("The device was unplugged.")

    on.runner.before = unplug
    with pytest.raises(DeviceGone):
        on.measure()
    assert len(on.rounds()) == 3
    assert not on.ended()


def test_a_device_that_goes_away_each_time_is_given_up(on):
    def unplug(number: int) -> None:
        if number >= 3:
            raise DeviceGone("The device was unplugged.")

    on.runner.before = unplug
    with pytest.raises(DeviceGone, match="unplugged"):
        on.measure()
    assert len(on.runner.jobs) == 2 + bench.TRIES
    assert len(on.rounds()) == 2


def test_a_device_that_is_gone_while_its_state_is_read(on, monkeypatch):
    calls = 0

    def read(device: BreakableDevice) -> Conditions:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise DeviceGone("The device was unplugged.")
        return cool()

    monkeypatch.setattr(system, "read_conditions", read)
    assert on.measure().complete
    assert len(on.rounds()) == 8


def test_a_process_that_hangs_ends_the_session(on):
    def hang(number: int) -> None:
        if number == 2:
            raise DeviceTimeout("It did not end.")

    on.runner.before = hang
    with pytest.raises(DeviceTimeout):
        on.measure()
    assert len(on.rounds()) == 1
    assert not on.ended()
    assert on.device.left() == []


def test_ctrl_c_keeps_what_is_there(on):
    def interrupt(number: int) -> None:
        if number == 6:
            raise KeyboardInterrupt

    on.runner.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        on.measure()
    assert len(on.rounds()) == 5
    assert not on.ended()
    assert on.device.left() == []
    changed = [event for event in on.events if isinstance(event, MeasurementChanged)]
    assert changed[-1].measurement.warnings  # few rounds, for one


def test_a_session_is_stopped_from_another_thread(on):
    stop = threading.Event()
    on.runner.before = lambda number: stop.set() if number == 3 else None
    with pytest.raises(KeyboardInterrupt):
        on.measure(stop=stop)
    assert len(on.rounds()) == 3  # the process that ran was not lost


def test_operators_are_measured_if_asked_for(on):
    session = on.measure(profile=True)
    profile = session.measurements[1].profile
    assert profile is not None and profile.total == 1000
    assert len(on.runner.jobs) == 8
    on.runner.profile = None
    with pytest.raises(InputError, match="does not measure operators"):
        on.measure(profile=True)


def test_throttled_runs_are_marked(on):
    on.runner.capped = (False, True, True)
    session = on.measure()
    assert session.measurements[0].rounds[0].throttled == (False, True, True)
    assert any("throttled" in text for text in session.measurements[0].warnings)


@pytest.mark.parametrize("runs", [(), (1000, 0)])
def test_a_runner_without_times_is_an_error(on, runs):
    on.runner.times = iter([(1000,), runs])
    with pytest.raises(DeviceError, match="no time"):
        on.measure()


def test_a_warm_device_is_waited_for(on, monkeypatch):
    degrees = iter([35.0, 60.0, 60.0, 50.0, 39.0])
    monkeypatch.setattr(
        system,
        "read_conditions",
        lambda device: cool(temperatures={"cpu-0": next(degrees, 35.0)}),
    )
    monkeypatch.setattr("_edgeship.device_bench.measurement.heat._POLL", 0.001)
    session = on.measure()
    [waiting] = [event for event in on.events if isinstance(event, Waiting)]
    assert "60 °C at cpu-0, 35 °C at the start" in waiting.reason
    assert session.measurements[1].rounds[0].before.temperatures == {"cpu-0": 39.0}


def test_the_same_file_twice_is_measured_twice(on):
    on.files = [on.files[0], on.files[0]]
    session = on.measure()
    assert [one.subject.label for one in session.measurements] == ["a.tflite", "a.tflite (2)"]
    assert [len(one.rounds) for one in session.measurements] == [4, 4]


def test_where_instructions_count_overhead_has_no_unit(on, monkeypatch):
    assert on.measure().measurements[0].rounds[0].overhead_seconds >= 0
    exact = PHONE.model_copy(update={"unit": "instructions"})
    monkeypatch.setattr(system, "read_properties", lambda device: exact)
    assert on.measure().measurements[0].rounds[0].overhead_seconds is None


def test_a_missing_file_is_told_before_the_device_is_touched(on):
    on.files[1].unlink()
    with pytest.raises(InputError, match="does not exist"):
        on.measure()
    assert on.events == []
    assert on.runner.prepared == 0
