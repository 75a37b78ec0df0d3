"""Options that several commands share, and the settings made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from device_bench.devices.base import Device
from device_bench.records import Settings

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
    typer.Option("--store", metavar="FILE", help="Where results are kept; made if it is not there."),
]

RunnerOption = Annotated[
    str,
    typer.Option("--runner", metavar="NAME", help="native, benchmark_model, or python (local)."),
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
    typer.Option("--rounds", min=1, help="Processes per file. Default: 10; 1 on virtual."),
]

RunsOption = Annotated[
    int | None,
    typer.Option(
        "--runs", min=1, help="Timed runs per process, at least. Default: 10; 2 on virtual."
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

TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", min=1, help="Seconds after which a process is killed."),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
    timeout: float | None = None,
) -> Settings:
    """Return the settings for a device; None stands for what suits the device.

    Raises:
        InputError: A word is unknown, or the cores do not exist.
        DeviceError: The device cannot be asked for its cores.
    """
    raise NotImplementedError
