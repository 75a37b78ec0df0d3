"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

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


def _rounds(count: int) -> Any:
    """Return the option for the number of rounds, with what it is on devices that measure time."""
    text = f"Processes per file. Default: {count}; 2 on virtual."
    return Annotated[int | None, typer.Option("--rounds", min=1, help=text)]


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


#: Name of each option of a measurement -> what it is and its default, in the order of the help.
_MEASURING: Mapping[str, tuple[Any, Any]] = {
    "runner": (RunnerOption, "native"),
    "accelerator": (AcceleratorOption, "cpu"),
    "accelerator_library": (AcceleratorLibraryOption, None),
    "threads": (ThreadsOption, 1),
    "cores": (CoresOption, None),
    "rounds": (_rounds(10), None),
    "runs": (RunsOption, None),
    "seconds": (SecondsOption, None),
    "warmup": (WarmupOption, None),
    "timeout": (TimeoutOption, None),
    "uninstall_app": (UninstallAppOption, False),
}

#: What says how a command measures, in its signature.
_HOW = "how"


def measuring(
    *left_out: str, rounds: int | None = None, several: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the options of a measurement.

    They stand where the command has the parameter ``how``, which gets them as `MeasurementOptions`.

    Args:
        left_out: Names of those that it does not have.
        rounds: Processes per file by default, on devices that measure time, if not 10.
        several: Whether it takes several runners and accelerators, with commas.
    """
    chosen = {name: one for name, one in _MEASURING.items() if name not in left_out}
    if rounds is not None:
        chosen["rounds"] = (_rounds(rounds), None)
    if several:
        chosen |= {"runner": (RunnersOption, "native"), "accelerator": (AcceleratorsOption, "cpu")}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def called(*arguments: Any, **values: Any) -> None:
            from _edgeship.device_bench.measurement.settings import MeasurementOptions

            given = {name: values.pop(name) for name in chosen}
            libraries = tuple(given.pop("accelerator_library", None) or ())
            how = MeasurementOptions(**given, accelerator_libraries=libraries, timed_rounds=rounds)
            command(*arguments, **values, how=how)

        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for name, (annotation, default) in chosen.items()
        ]
        # What commands import late is not known yet by its name.
        known = get_type_hints(command, localns={"MeasurementOptions": Any}, include_extras=True)
        own = inspect.signature(command)
        before, after = _around(
            [one.replace(annotation=known[one.name]) for one in own.parameters.values()]
        )
        every = [*before, *added, *after]
        called.__signature__ = own.replace(parameters=every)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in every}
        return called

    return decorate


def _around(
    parameters: list[inspect.Parameter],
) -> tuple[list[inspect.Parameter], list[inspect.Parameter]]:
    """Return the parameters before and after ``how``; those after it can only be named."""
    place = [one.name for one in parameters].index(_HOW)
    after = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters[place + 1 :]]
    return parameters[:place], after
