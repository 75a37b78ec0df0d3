"""From what a user asks for to the settings of a measurement on one device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.devices.cores import choose_cores
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.errors import InputError

#: What `--accelerator` takes.
ACCELERATORS = ("cpu", "gpu", "npu")

# Emulation is slow and repeats itself exactly: a second process only confirms that it does.
_FOR_INSTRUCTIONS = {
    "warmup_runs": 1,
    "warmup_seconds": 0.0,
    "runs": 1,
    "seconds": 0.0,
    "rounds": 2,
    "timeout": 600.0,
}

# A GPU's driver compiles a program for each operator before the first run: a large network on a
# software driver takes half a minute.
_FOR_ACCELERATORS = {"timeout": 300.0}


@dataclass(frozen=True, kw_only=True)
class MeasurementOptions:
    """How to measure, as far as the user has said; None leaves it to what suits the device.

    Attributes:
        runner: As for `--runner`; one of `runners.find.CHOICES`.
        accelerator: One of `ACCELERATORS`.
        accelerator_libraries: Files that LiteRT is to load for it.
        threads: Threads of the CPU kernels.
        cores: As for `--cores`; None lets the system choose.
        rounds: Processes per file.
        timed_rounds: Processes per file on devices that measure time, where ``rounds`` is None.
        runs: Minimum number of timed runs per process.
        seconds: Minimum time of the timed runs of a process.
        warmup: Minimum time of the runs before them, in seconds.
        timeout: Seconds after which a process is killed.
        uninstall_app: Whether the app of the runner "app" is uninstalled at the end.
        sustained: Whether processes follow one another without waiting for heat to go.
        idle_seconds: How long to watch the battery at rest before.
    """

    runner: str = "native"
    accelerator: str = "cpu"
    accelerator_libraries: tuple[Path, ...] = ()
    threads: int = 1
    cores: str | None = None
    rounds: int | None = None
    timed_rounds: int | None = None
    runs: int | None = None
    seconds: float | None = None
    warmup: float | None = None
    timeout: float | None = None
    uninstall_app: bool = False
    sustained: bool = False
    idle_seconds: float = 0.0

    def settings(self, device: Device) -> MeasurementSettings:
        """Return the settings for a device, which is only contacted if cores are named.

        Raises:
            InputError: The accelerator is unknown, or the device has no such cores.
            DeviceError: The device does not answer the question which cores it has.
        """
        self.check_accelerator()
        pinned: tuple[int, ...] = ()
        if self.cores is not None:
            pinned = choose_cores(self.cores, system.read_properties(device))
        measures_time = device.unit == "ns"
        asked = {
            "rounds": self.timed_rounds if self.rounds is None and measures_time else self.rounds,
            "runs": self.runs,
            "seconds": self.seconds,
            "warmup_seconds": self.warmup,
            "timeout": self.timeout,
        }
        return MeasurementSettings.model_validate(
            {
                **({} if self.accelerator == "cpu" else _FOR_ACCELERATORS),
                **({} if measures_time else _FOR_INSTRUCTIONS),
                **{name: value for name, value in asked.items() if value is not None},
                # The file behind "benchmark_model:" does not make another setting.
                "runner": self.runner.partition(":")[0],
                "accelerator": self.accelerator,
                "threads": self.threads,
                "cores": pinned,
                "sustained": self.sustained,
                "idle_seconds": self.idle_seconds,
            }
        )

    def check_accelerator(self) -> None:
        """Check what is said of the accelerator, without contact to a device.

        Raises:
            InputError: It is unknown, or libraries are named for the CPU.
        """
        if self.accelerator not in ACCELERATORS:
            raise InputError(
                f"There is no accelerator called '{self.accelerator}'.",
                todo=f"choose from {', '.join(ACCELERATORS)}",
            )
        if self.accelerator == "cpu" and self.accelerator_libraries:
            raise InputError(
                "--accelerator-library has no accelerator that it is for.",
                todo="add --accelerator gpu or --accelerator npu",
            )
