"""The interface of a runner: a program that executes a file on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.results.records import MeasurementSettings, Process, Profile


@dataclass(frozen=True)
class Job:
    """One process to run.

    Attributes:
        model: Path of the file on the device.
        settings: How to run it.
        inputs: Paths on the device of files with the raw bytes of each input, in the order of the
            signature; empty for zeros.
        want_outputs: Whether the bytes of the outputs are needed.
        want_profile: Whether to measure operators instead of whole runs.
    """

    model: str
    settings: MeasurementSettings
    inputs: tuple[str, ...] = ()
    want_outputs: bool = False
    want_profile: bool = False


@dataclass(frozen=True)
class Accelerated:
    """What a runner knows of the accelerator that ran a file.

    Attributes:
        driver: Its name; "" if it is not told.
        software: Whether that is a program on the CPU; None if it is not told.
        left: How many operators the CPU ran instead; None if it is not told.
    """

    driver: str = ""
    software: bool | None = None
    left: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a process gave.

    Attributes:
        process: Its times.
        outputs: The raw bytes of each output in the order of the signature; None if they were not
            wanted or the runner cannot give them.
        profile: The profile of its operators; None if none was wanted.
        accelerated: What ran it if not the CPU; None on the CPU, and where it is not shown that
            anything else ran anything.
    """

    process: Process
    outputs: tuple[bytes, ...] | None = None
    profile: Profile | None = None
    accelerated: Accelerated | None = None


class Runner(Protocol):
    """A way to execute a file.

    Attributes:
        name: What `--runner` takes.
        accelerator: What it lets files run on: "cpu", "gpu" or "npu".
    """

    name: str
    accelerator: str

    def prepare(self, workspace: Workspace) -> None:
        """Bring what the program needs into the workspace; once per session and device.

        Raises:
            DeviceError: The device cannot run it (wrong ABI, no space, not set up).
        """

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        """Execute one process.

        Raises:
            DeviceError: It failed, or its output is malformed; the message quotes its last words.
            DeviceTimeout: It did not end in time, and was killed.
            DeviceGone: The device went away.
        """

    def leave(self, workspace: Workspace) -> None:
        """Take away what is not in the workspace; at the end of a session, also after an error.

        Raises:
            DeviceError: It cannot be taken away.
            DeviceGone: The device went away.
        """
