"""Options that several commands share, and the settings made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.results.records import Settings
from _edgeship.errors import InputError

STORE = Path("build/device_bench.sqlite")

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="local, virtual, adb, adb:SERIAL or ssh:HOST; `device_bench devices` lists them.",
    ),
]

DevicesOption = Annotated[
    list[str],
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="local, virtual, adb, adb:SERIAL or ssh:HOST; `device_bench devices` lists them. "
        "May be given several times: the devices work at the same time.",
    ),
]

StoreOption = Annotated[
    Path,
    typer.Option(
        "--store", metavar="FILE", help="Where results are kept; made if it is not there."
    ),
]

RunnerOption = Annotated[
    str,
    typer.Option(
        "--runner",
        metavar="NAME",
        help="native, python (local only), benchmark_model or benchmark_model:FILE.",
    ),
]

AcceleratorOption = Annotated[
    str, typer.Option("--accelerator", metavar="NAME", help="cpu, gpu or npu.")
]

ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=64, help="Of the CPU kernels.")]

CoresOption = Annotated[
    str | None,
    typer.Option(
        "--cores",
        metavar="big|little|all|0,2-3",
        help="Cores to pin to. By default the system chooses.",
    ),
]

RoundsOption = Annotated[
    int | None,
    typer.Option("--rounds", min=1, help="Processes per file. Default: 10; 2 on virtual."),
]

RunsOption = Annotated[
    int | None,
    typer.Option(
        "--runs", min=1, help="Timed runs per process, at least. Default: 10; 1 on virtual."
    ),
]

SecondsOption = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        min=0,
        help="Time of a process's timed runs, at least. Default: 0.5; 0 on virtual.",
    ),
]

WarmupOption = Annotated[
    float | None,
    typer.Option(
        "--warmup",
        min=0,
        help="Seconds of runs before the timed ones, at least. Default: 0.2; 0 on virtual.",
    ),
]

TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        min=1,
        help="Seconds after which a process is killed. Default: 120; 600 on virtual.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: What `--accelerator` takes.
ACCELERATORS = ("cpu", "gpu", "npu")

# Emulation is slow and repeats itself exactly: a second process only confirms that it does.
_EXACT = {
    "warmup_runs": 1,
    "warmup_seconds": 0.0,
    "runs": 1,
    "seconds": 0.0,
    "rounds": 2,
    "timeout": 600.0,
}


def settings(
    device: Device,
    *,
    runner: str = "native",
    accelerator: str = "cpu",
    threads: int = 1,
    cores: str | None = None,
    rounds: int | None = None,
    runs: int | None = None,
    seconds: float | None = None,
    warmup: float | None = None,
    timeout: float | None = None,
) -> Settings:
    """Return the settings for a device; None stands for what suits it.

    Args:
        device: It is asked for its cores if some are named.
        runner: As for `--runner`; what follows a colon is no part of the settings.
        accelerator: One of `ACCELERATORS`.
        threads: Of the CPU kernels.
        cores: As for `--cores`; None for the system's choice.
        rounds: Processes per file.
        runs: Timed runs of a process, at least.
        seconds: Time of these, at least.
        warmup: Seconds of runs before them, at least.
        timeout: Seconds that a process may take.

    Raises:
        InputError: A word is unknown, or the cores do not exist.
        DeviceError: The device cannot be asked for its cores.
    """
    if accelerator not in ACCELERATORS:
        raise InputError(
            f"There is no accelerator called '{accelerator}'.",
            todo=f"choose from {', '.join(ACCELERATORS)}",
        )
    pinned: tuple[int, ...] = ()
    if cores is not None:
        from _edgeship.device_bench.devices.cores import choose_cores
        from _edgeship.device_bench.devices.system import read_properties

        pinned = choose_cores(cores, read_properties(device))
    wishes = {
        "rounds": rounds,
        "runs": runs,
        "seconds": seconds,
        "warmup_seconds": warmup,
        "timeout": timeout,
    }
    return Settings.model_validate(
        {
            **(_EXACT if device.unit == "instructions" else {}),
            **{name: wish for name, wish in wishes.items() if wish is not None},
            "runner": runner.partition(":")[0],
            "accelerator": accelerator,
            "threads": threads,
            "cores": pinned,
        }
    )
