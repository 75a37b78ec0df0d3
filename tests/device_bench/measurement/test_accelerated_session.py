"""Sessions with an accelerator: nothing is kept of one whose files do not run on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.measurement.events import Event, SessionStarted
from _edgeship.device_bench.measurement.session import measure
from _edgeship.device_bench.processes.base import DeviceGone
from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import MeasurementSettings, Session
from _edgeship.device_bench.runners.base import Accelerated, Job, Outcome
from _edgeship.device_bench.store.store import Store
from _edgeship.errors import DeviceError, InputError, VerificationError
from tests.device_bench.measurement.fakes import PHONE, BreakableDevice, FakeRunner, cool
from tests.device_bench.small_files import chain

SETTINGS = MeasurementSettings(rounds=2, runs=3)
REAL = Accelerated("Real GPU", software=False, left=0)


class GpuRunner(FakeRunner):
    """A fake runner on a GPU of which it says `found`, or which fails with `error`."""

    def __init__(self, device: BreakableDevice) -> None:
        super().__init__(device)
        self.accelerator = "gpu"
        self.found: Accelerated | None = REAL
        self.error: DeviceError | None = None

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        assert job.settings.accelerator == "gpu"
        if self.error is not None:
            raise self.error
        return replace(super().run(workspace, job), accelerated=self.found)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "a.tflite"
        self.file.write_bytes(chain())
        base = folder / "device"
        base.mkdir()
        self.device = BreakableDevice(base)
        self.runner = GpuRunner(self.device)
        self.runners: list[FakeRunner] = [self.runner]
        self.store = Store(folder / "store.sqlite")
        self.events: list[Event] = []

    def measure(self, **options: object) -> Session:
        def tell(event: Event) -> None:
            self.events.append(event)
            self.store.listener(event)

        return measure(
            self.device,
            self.runners,
            [self.file],
            SETTINGS,
            command="run a --accelerator gpu",
            on_event=tell,
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(system, "read_properties", lambda device: PHONE)
    monkeypatch.setattr(system, "read_conditions", lambda device: cool())
    return Bench(tmp_path)


def test_the_store_knows_the_driver_and_what_it_took(bench: Bench) -> None:
    session = bench.measure()
    [measurement] = session.measurements
    assert measurement.acceleration == Acceleration(
        driver="Real GPU", software=False, operators=2, taken=2
    )
    assert measurement.settings.accelerator == "gpu"
    assert bench.store.sessions() == [session]
    # The session begins with what its checks found.
    first = bench.events[0]
    assert isinstance(first, SessionStarted)
    assert first.session.measurements[0].acceleration is not None
    assert first.session.measurements[0].parity is not None


@pytest.mark.parametrize(
    ("found", "fell"), [(None, "its operators"), (replace(REAL, left=2), "all of 2 operators")]
)
def test_what_the_cpu_ran_is_an_error_and_no_session(bench: Bench, found, fell: str) -> None:
    bench.runner.found = found
    with pytest.raises(DeviceError, match="The GPU did not run the file") as caught:
        bench.measure()
    assert fell in caught.value.why
    assert bench.events == []
    assert bench.store.sessions() == []
    assert bench.device.left() == []


def test_a_refused_file_leaves_no_session_and_is_named(bench: Bench) -> None:
    bench.runner.error = DeviceError("It refuses the file.", where="somewhere")
    with pytest.raises(DeviceError, match="refuses") as caught:
        bench.measure()
    assert caught.value.where == f"{bench.file} on adb:FAKE"
    assert bench.store.sessions() == []


def test_wrong_outputs_leave_no_session(bench: Bench) -> None:
    bench.runner.outputs = lambda data: (bytes(1280),)
    with pytest.raises(VerificationError, match="does not compute what the host computes"):
        bench.measure()
    assert bench.store.sessions() == []


def test_part_of_a_file_may_be_measured_and_is_said(bench: Bench) -> None:
    bench.runner.found = Accelerated(left=1)
    [measurement] = bench.measure().measurements
    assert measurement.acceleration == Acceleration(operators=2, taken=1)
    [warning] = [text for text in measurement.warnings if "not shown" in text]
    assert "It took 1 of 2 operators." in warning


def test_operators_are_not_measured_there(bench: Bench) -> None:
    with pytest.raises(InputError, match="not measured on the GPU"):
        bench.measure(profile=True)
    assert bench.events == []


def test_a_phone_that_goes_away_in_the_checks_is_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def away(workspace: Workspace, job: Job) -> Outcome:
        calls.append(job)
        if len(calls) == 1:
            raise DeviceGone("The device is gone.")
        return GpuRunner.run(bench.runner, workspace, job)

    monkeypatch.setattr(bench.runner, "run", away)
    monkeypatch.setattr("_edgeship.device_bench.measurement.bench._POLL", 0.01)
    assert bench.measure().complete
    assert "SessionStarted" in [type(event).__name__ for event in bench.events]
    # It is told that it waits, though there is no session yet.
    assert type(bench.events[0]).__name__ == "Waiting"


def test_cpu_and_gpu_take_turns(bench: Bench) -> None:
    bench.runners = [FakeRunner(bench.device), bench.runner]
    session = bench.measure()
    assert [one.settings.accelerator for one in session.measurements] == ["cpu", "gpu"]
    assert [one.acceleration is None for one in session.measurements] == [True, False]
    assert [[r.order for r in one.rounds] for one in session.measurements] == [[0, 1], [1, 0]]
