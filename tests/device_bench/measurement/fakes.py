"""A device whose link breaks on demand, and a runner whose times are known beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.measurement.host import run_on_host
from _edgeship.device_bench.processes.base import Completed, DeviceGone
from _edgeship.device_bench.results.records import (
    Conditions,
    Core,
    Op,
    Process,
    Profile,
    Properties,
)
from _edgeship.device_bench.runners.base import Job, Outcome

PHONE = Properties(
    selector="adb:FAKE",
    model="Fake phone",
    abi="arm64-v8a",
    cores=(Core(index=0, max_mhz=1800), Core(index=1, max_mhz=2800)),
)


class BreakableDevice(LocalDevice):
    """This computer, with a base folder of the test's; the next `away` calls find it gone."""

    def __init__(self, base: Path, unit: str = "ns") -> None:
        self.base = str(base)
        self.selector = "adb:FAKE"
        self.unit = unit
        self.away = 0

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        self.check()
        return super().run(argv, timeout=timeout, on_line=on_line)

    def push(self, local: Path, remote: str) -> None:
        self.check()
        super().push(local, remote)

    def check(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise DeviceGone("The device is gone.")

    def left(self) -> list[str]:
        """What lies on the device."""
        return [path.name for path in Path(self.base).iterdir()]


class FakeRunner:
    """Takes `level` for every file, and does what `before` does first.

    Args:
        device: Where it runs.
        before: Called with the number of this process, from 1, before each timed one.
        name: What `--runner` takes.
    """

    def __init__(
        self,
        device: BreakableDevice,
        before: Callable[[int], None] = lambda number: None,
        name: str = "native",
    ) -> None:
        self.name = name
        self.accelerator = "cpu"
        self.device = device
        self.before = before
        self.runtime = "fake"
        self.prepared = 0
        self.left = 0
        self.leaving: Callable[[], object] = lambda: None
        self.jobs: list[str] = []
        self.outputs: Callable[[bytes], tuple[bytes, ...] | None] = right_outputs
        self.profile: Profile | None = Profile(
            ops=(Op(index=0, name="CONV_2D", delegated=True, time=900),), total=1000
        )
        self.times: Iterator[tuple[int, ...]] | None = None
        self.capped: tuple[bool, ...] = ()

    def prepare(self, workspace: Workspace) -> None:
        self.device.check()
        self.prepared += 1

    def leave(self, workspace: Workspace) -> None:
        assert Path(workspace.path).is_dir()  # what it needs to take things away is still there
        self.left += 1
        self.leaving()

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        data = Path(job.model).read_bytes()  # fails unless the session has put it there
        assert all(Path(path).is_file() for path in job.inputs)
        if job.want_outputs:
            return Outcome(self._process((1000,)), outputs=self.outputs(data))
        if job.want_profile:
            return Outcome(self._process((1000,)), profile=self.profile)
        self.jobs.append(hashlib.sha256(data).hexdigest())
        self.before(len(self.jobs))
        return Outcome(self._process(next(self.times) if self.times else (1000, 1010, 1020)))

    def _process(self, runs: tuple[int, ...]) -> Process:
        return Process(
            runner=self.name,
            runtime=self.runtime,
            init=5000,
            first=2000,
            runs=runs,
            capped=self.capped,
        )


def right_outputs(data: bytes) -> tuple[bytes, ...]:
    """What the host computes."""
    return tuple(values.tobytes() for values in run_on_host(data, "cpu").outputs)


def cool(**changes: object) -> Conditions:
    """The state of a phone at rest, with changes."""
    state: dict[str, object] = {"at": "2026-11-22T14:25:30+00:00", "temperatures": {"cpu-0": 35.0}}
    return Conditions.model_validate({**state, **changes})
