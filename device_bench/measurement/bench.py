"""Files and runners in place on a device, and put back in place after it was away for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.measurement.host import Reference
from _edgeship.device_bench.measurement.pause import Pause
from _edgeship.device_bench.processes.base import Device, DeviceGone
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners.base import Job, Outcome, Runner
from _edgeship.errors import DeviceError
from _edgeship.work_folders import temporary_folder

#: Seconds to wait for a device that went away; phones take about a minute to start.
AWAY_SECONDS = 180.0
#: How often a step is tried on a device that keeps going away.
TRIES = 3

_POLL = 1.0
_ANSWER_SECONDS = 10.0

_T = TypeVar("_T")


class Bench:
    """A workspace with everything that a session's processes need; use it as a context manager.

    Args:
        device: Where the workspace is made.
        runners: What executes files there.
        files: The content of each file, and what the host computed with it.
        pause: How to wait.
        away_seconds: How long to wait for the device when it goes away; None for `AWAY_SECONDS`.
    """

    def __init__(
        self,
        device: Device,
        runners: Sequence[Runner],
        files: Sequence[tuple[bytes, Reference]],
        pause: Pause,
        away_seconds: float | None = None,
    ) -> None:
        self._away_seconds = AWAY_SECONDS if away_seconds is None else away_seconds
        self._runners = runners
        self._files = files
        self._pause = pause
        self._workspace = Workspace(device)
        self._there: list[tuple[str, tuple[str, ...]]] = []

    def __enter__(self) -> Bench:
        self._workspace.__enter__()
        try:
            self.persistently(self._prepare)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._leave(quietly=error is not None)
        except BaseException as left:
            self._workspace.__exit__(type(left), left, left.__traceback__)
            raise
        self._workspace.__exit__(kind, error, trace)

    def run(
        self,
        index: int,
        settings: MeasurementSettings,
        *,
        want_outputs: bool = False,
        want_profile: bool = False,
    ) -> Outcome:
        """Execute one process; errors are those of `Runner.run`.

        Args:
            index: With N runners, file I by runner J is number I * N + J.
            settings: How to run it.
            want_outputs: Whether the bytes of the outputs are needed.
            want_profile: Whether to measure operators instead of whole runs.
        """
        file, runner = divmod(index, len(self._runners))
        model, inputs = self._there[file]
        return self._runners[runner].run(
            self._workspace,
            Job(
                model=model,
                settings=settings,
                inputs=inputs,
                want_outputs=want_outputs,
                want_profile=want_profile,
            ),
        )

    def persistently(self, step: Callable[[], _T]) -> _T:
        """Do a step and return its result; if the device goes away, wait for it and do it again.

        Raises:
            DeviceGone: The device did not come back, or went away every time.
            KeyboardInterrupt: The session is to end.
        """
        gone = False
        for _ in range(TRIES - 1):
            try:
                if gone:
                    self._restore()
                return step()
            except DeviceGone as error:
                gone = True
                self._wait_for_device(error)
        self._restore()
        return step()

    def _leave(self, *, quietly: bool) -> None:
        for runner in self._runners:
            try:
                runner.leave(self._workspace)
            except DeviceError:
                # The error that ended the session says more than that something stayed behind.
                if not quietly:
                    raise

    def _restore(self) -> None:
        self._workspace.restore()
        self._prepare()

    def _prepare(self) -> None:
        for runner in self._runners:
            runner.prepare(self._workspace)
        self._there = []
        with temporary_folder() as folder:
            for data, reference in self._files:
                self._there.append(
                    (
                        self._put(folder / "model.tflite", data),
                        tuple(self._put(folder / "input.bin", raw) for raw in reference.inputs),
                    )
                )

    def _put(self, path: Path, data: bytes) -> str:
        path.write_bytes(data)
        return self._workspace.put(path)

    def _wait_for_device(self, error: DeviceGone) -> None:
        device = self._workspace.device
        self._pause.announce(f"{device.selector} to come back ({error.what})", self._away_seconds)
        waited = 0.0
        while True:
            self._pause.sleep(_POLL)
            waited += _POLL
            try:
                device.run(["true"], timeout=_ANSWER_SECONDS)
            except DeviceError:
                # It may be unauthorized or offline only while it starts, so all errors wait.
                if waited >= self._away_seconds:
                    raise
            else:
                return
