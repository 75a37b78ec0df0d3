"""One session: files under one set of settings on one device, in interleaved rounds.

What is measured is a file by a runner; with several runners each file is measured by each of them.
The order: first the outputs of each are checked against the host's; then, if asked for, each is
profiled; then come the rounds, A B C, C B A, A B C, ... with one process each. Whatever happens to
the device, the listener knows of each round before the next one starts.

With an accelerator, the listener hears of the session only after all files have been checked: where
one does not run on it, there is nothing to keep.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.measurement.bench import Bench
from _edgeship.device_bench.measurement.collector import Collector
from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from _edgeship.device_bench.measurement.heat import Cooling, Readings, throttled_runs
from _edgeship.device_bench.measurement.host import Reference, check_outputs, run_on_host
from _edgeship.device_bench.measurement.layer_names import with_layers
from _edgeship.device_bench.measurement.pause import Pause
from _edgeship.device_bench.measurement.rest import watch_at_rest
from _edgeship.device_bench.measurement.subjects import read_subjects
from _edgeship.device_bench.measurement.warnings import find_warnings
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import (
    Conditions,
    Measurement,
    MeasurementSettings,
    Process,
    Round,
    Session,
    Subject,
)
from _edgeship.device_bench.runners.base import Accelerated, Runner
from _edgeship.errors import DeviceError, EdgeshipError, InputError
from _edgeship.export.contract.manifest import versions


def measure(
    device: Device,
    runners: Sequence[Runner],
    files: Sequence[Path],
    settings: MeasurementSettings,
    *,
    command: str,
    profile: bool = False,
    on_event: Callable[[Event], None],
    stop: threading.Event | None = None,
    away_seconds: float | None = None,
) -> Session:
    """Measure files on a device and return all that was found.

    If the device goes away, the session waits for it and repeats the process that was interrupted.

    Args:
        device: The device to measure on.
        runners: What executes the files there; each file is measured by each of them.
        files: The .tflite files; one that is named twice is measured twice.
        settings: The settings, the same for all but for the runner and its accelerator.
        command: The command line, for the record.
        profile: Whether to measure each operator as well, in processes of their own.
        on_event: Called with every event at once.
        stop: Set it to end the session early, after the process that is running.
        away_seconds: How long to wait for a device that went away; None for three minutes.

    Returns:
        The session, with a measurement for each runner of the first file, then of the second.

    Raises:
        InputError: A file cannot be read, or a runner cannot do what the settings ask for.
        VerificationError: A file computes something else on the device than on the host.
        DeviceError: The device failed, or did not come back; or its accelerator does not take a
            file.
        KeyboardInterrupt: The session was stopped. As with every exception, what the events said
            until then is valid, and `SessionEnded` was the last of them.
    """
    accelerated = {runner.accelerator for runner in runners} - {"cpu"}
    if profile and accelerated:
        raise InputError(
            f"Operators are not measured on the {' or '.join(sorted(accelerated)).upper()}.",
            todo="leave --ops out, or use --accelerator cpu",
        )
    subjects = read_subjects(files)
    references = [_references(subject.path, data, runners) for subject, data in subjects]
    recorder = _Recorder(
        Session(
            id=_new_id(),
            started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            command=command,
            versions=versions(),
            device=system.read_properties(device),
            measurements=tuple(
                Measurement(
                    subject=subject,
                    settings=settings.model_copy(
                        update={"runner": runner.name, "accelerator": runner.accelerator}
                    ),
                )
                for subject, _ in subjects
                for runner in runners
            ),
            complete=False,
        ),
        on_event,
        quiet=bool(accelerated),
    )
    pause = Pause(recorder.waiting, stop or threading.Event())
    placed = [(data, known[0]) for (_, data), known in zip(subjects, references, strict=True)]
    complete = False
    try:
        with Bench(device, runners, placed, pause, away_seconds) as bench:
            indices = range(len(recorder.session.measurements))
            for index in indices:
                pause.check()
                file, runner = divmod(index, len(runners))
                _check(bench, recorder, index, references[file][runner])
            recorder.speak()
            if profile:
                for index in indices:
                    pause.check()
                    _profile(bench, recorder, index)
            if settings.idle_seconds:
                idle = watch_at_rest(bench, device, pause, settings.idle_seconds)
                for index in indices:
                    recorder.update(index, idle=idle)
            _measure_rounds(bench, recorder, device, pause)
            complete = True
    finally:
        for index, measurement in enumerate(recorder.session.measurements):
            if measurement.rounds:
                found = find_warnings(measurement, recorder.session.device)
                recorder.update(index, warnings=found)
        recorder.tell(SessionEnded(recorder.session.id, complete))
    return recorder.session


class _Recorder:
    """Passes a session's events to the listener and keeps what they add up to.

    A quiet one passes none until it is to speak, and then begins with the session as it is.
    """

    def __init__(self, session: Session, on_event: Callable[[Event], None], *, quiet: bool) -> None:
        self._id = session.id
        self._on_event = on_event
        self._quiet = quiet
        self._collector = Collector()
        self.tell(SessionStarted(session))

    @property
    def session(self) -> Session:
        """What is known so far."""
        return self._collector.sessions[self._id]

    def tell(self, event: Event) -> None:
        self._collector.listener(event)
        if not self._quiet or isinstance(event, Waiting):
            self._on_event(event)

    def speak(self) -> None:
        """Be quiet no longer."""
        if self._quiet:
            self._quiet = False
            self._on_event(SessionStarted(self.session))

    def update(self, index: int, **changes: Any) -> None:
        """Replace fields of a measurement other than its rounds."""
        changed = self.session.measurements[index].model_copy(update=changes)
        self.tell(MeasurementChanged(self._id, index, changed))

    def waiting(self, reason: str, seconds: float) -> None:
        self.tell(Waiting(self._id, reason, seconds))


def _references(path: str, data: bytes, runners: Sequence[Runner]) -> list[Reference]:
    """Return what a file must compute by each runner; accelerators may be less exact."""
    found: dict[str, Reference] = {}
    for runner in runners:
        if runner.accelerator not in found:
            try:
                found[runner.accelerator] = run_on_host(data, runner.accelerator)
            except EdgeshipError as error:
                error.where = error.where or path  # of several files, one may crash the runtime
                raise
    return [found[runner.accelerator] for runner in runners]


def _new_id() -> str:
    now = datetime.now(timezone.utc)
    # Of a thousand phones that begin in one second, hardly ever do two get the same.
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def _check(bench: Bench, recorder: _Recorder, index: int, reference: Reference) -> None:
    """Check that the file runs on the accelerator, and computes there what the host computes."""
    measurement = recorder.session.measurements[index]
    once = measurement.settings.model_copy(
        update={"warmup_runs": 0, "warmup_seconds": 0.0, "runs": 1, "seconds": 0.0}
    )
    where = f"{measurement.subject.path} on {recorder.session.device.selector}"
    try:
        outcome = bench.persistently(partial(bench.run, index, once, want_outputs=True))
    except DeviceError as error:
        # Of several files, an accelerator may refuse one.
        error.where = where
        raise
    if once.accelerator != "cpu":
        found = _acceleration(outcome.accelerated, measurement.subject, once.accelerator, where)
        recorder.update(index, acceleration=found)
    if outcome.outputs is None:  # a runner that cannot give them; a warning will say so
        return
    recorder.update(index, parity=check_outputs(reference, outcome.outputs, where))


def _acceleration(
    found: Accelerated | None, subject: Subject, accelerator: str, where: str
) -> Acceleration:
    """Return what the accelerator took of a file.

    Raises:
        DeviceError: It took nothing of it, or the runner does not say that it took anything.
    """
    nodes = subject.nodes
    if found is None or (nodes is not None and found.left is not None and found.left >= nodes):
        of = "" if nodes is None else f" of {nodes}"
        fell = "its operators" if found is None else f"all{of} operators"
        raise DeviceError(
            f"The {accelerator.upper()} did not run the file.",
            where=where,
            why=f"The CPU ran {fell}, as far as the runner says.",
            todo="use --accelerator cpu, or --runner native, which says what is refused and why",
        )
    taken = None if nodes is None or found.left is None else nodes - found.left
    return Acceleration(driver=found.driver, software=found.software, operators=nodes, taken=taken)


def _profile(bench: Bench, recorder: _Recorder, index: int) -> None:
    settings = recorder.session.measurements[index].settings
    outcome = bench.persistently(partial(bench.run, index, settings, want_profile=True))
    if outcome.profile is None:
        raise InputError(
            f"The runner {settings.runner} does not measure operators.", todo="use --runner native"
        )
    data = Path(recorder.session.measurements[index].subject.path).read_bytes()
    recorder.update(index, profile=with_layers(outcome.profile, data))


def _measure_rounds(bench: Bench, recorder: _Recorder, device: Device, pause: Pause) -> None:
    readings = Readings(partial(system.read_conditions, device))
    settings = recorder.session.measurements[0].settings
    ready = readings.before if settings.sustained else Cooling(readings.before, pause).settle
    indices = list(range(len(recorder.session.measurements)))
    for number in range(settings.rounds):
        turn = indices if number % 2 == 0 else indices[::-1]
        for order, index in enumerate(turn):
            pause.check()
            step = partial(_measure_once, bench, recorder.session, index, ready, readings.after)
            done = bench.persistently(step)
            done = done.model_copy(update={"number": number, "order": order})
            recorder.tell(RoundDone(recorder.session.id, index, done))


def _measure_once(
    bench: Bench,
    session: Session,
    index: int,
    ready: Callable[[], Conditions],
    read: Callable[[], Conditions],
) -> Round:
    settings = session.measurements[index].settings
    before = ready()
    start = time.perf_counter()
    process = bench.run(index, settings).process
    wall = time.perf_counter() - start
    after = read()
    if not process.runs or min(process.runs) <= 0:
        raise DeviceError(
            "The runner reported no time for a run.",
            where=f"{session.measurements[index].subject.path} on {session.device.selector}",
            todo="report it, with the file and the runner",
        )
    throttled = throttled_runs(process, before, after, session.device.cores, settings.cores)
    return Round(
        number=0,
        order=0,
        before=before,
        after=after,
        process=process,
        throttled=(False,) * len(throttled) if settings.sustained else throttled,
        overhead_seconds=_overhead(process, wall) if session.device.unit == "ns" else None,
    )


def _overhead(process: Process, wall: float) -> float:
    """Return the seconds of a process's wall time that were not spent loading or running."""
    timed = sum(process.runs) * process.runs_per_sample
    return max(0.0, wall - (process.init + process.first + sum(process.warmup) + timed) / 1e9)
