"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.device_bench.store.place import Place, place_of
from _edgeship.export.contract.schemes import canonical
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.terminal.words import one_of, words_of

STORE = Place(Path("build/device_bench.sqlite"))


def devices(incomplete: str) -> list[str]:
    """Return the kinds of devices that need no address, for shell completion."""
    return [word for word in ("local", "virtual", "adb") if word.startswith(incomplete)]


DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        autocompletion=devices,
        help="local, virtual, adb, adb:SERIAL or ssh:HOST; `device_bench devices` lists them.",
    ),
]

DevicesOption = Annotated[
    list[str],
    typer.Option(
        "--device",
        metavar="DEVICE",
        autocompletion=devices,
        help="local, virtual, adb, adb:SERIAL or ssh:HOST; `device_bench devices` lists them. "
        "May be given several times; the devices then work at the same time.",
    ),
]

StoreOption = Annotated[
    Place,
    typer.Option(
        "--store",
        metavar="FILE|URL",
        parser=place_of,
        help="What keeps the results, made if it is missing: a file, or a PostgreSQL database as "
        "postgresql://USER@HOST/DATABASE.",
    ),
]

RunnerOption = Annotated[
    str,
    typer.Option(
        "--runner",
        metavar="NAME",
        help="native, app or app:APK (phones), python (local only), benchmark_model or "
        "benchmark_model:FILE.",
    ),
]

RunnersOption = Annotated[
    str,
    typer.Option(
        "--runner",
        metavar="NAME[,NAME...]",
        help="native, app or app:APK (phones), python (local only), benchmark_model or "
        "benchmark_model:FILE. With several, each file is measured by each of them.",
    ),
]

UninstallAppOption = Annotated[
    bool,
    typer.Option(
        "--uninstall-app", help="Uninstall the app of --runner app at the end. By default it stays."
    ),
]

AcceleratorOption = Annotated[
    str, typer.Option("--accelerator", metavar="NAME", help="cpu, gpu or npu.")
]

AcceleratorsOption = Annotated[
    str,
    typer.Option(
        "--accelerator",
        metavar="NAME[,NAME...]",
        help="cpu, gpu or npu. With several, each file is measured on each of them.",
    ),
]

AcceleratorLibraryOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--accelerator-library",
        metavar="FILE",
        help="A library that LiteRT is to load for the accelerator: an NPU's dispatch library, or "
        "an accelerator for GPUs in place of LiteRT's own for Vulkan. May be given several times.",
    ),
]

ThreadsOption = Annotated[
    int, typer.Option("--threads", min=1, max=64, help="Threads of the CPU kernels.")
]

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
    typer.Option("--runs", min=1, help="Least timed runs per process. Default: 10; 1 on virtual."),
]

SecondsOption = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        min=0,
        help="Least seconds of timed runs per process. Default: 0.5; 0 on virtual.",
    ),
]

WarmupOption = Annotated[
    float | None,
    typer.Option(
        "--warmup",
        min=0,
        help="Least seconds of runs before the timed ones. Default: 0.2; 0 on virtual.",
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


def parse_schemes(text: str) -> tuple[str, ...]:
    """Return the quantization schemes of ``--quant``, such as ``none,int8``, each once.

    Raises:
        InputError: None is named, or one is unknown or not for .tflite files.
    """
    words = words_of(text, "--quant", SCHEMES)
    return one_of(canonical(words), SCHEMES, "scheme", "--quant")
