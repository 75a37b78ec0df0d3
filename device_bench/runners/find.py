"""The runner that the value of `--runner` names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.runners.base import Runner
from _edgeship.errors import InputError

#: What `--runner` takes.
CHOICES = ("native", "app", "app:APK", "python", "benchmark_model", "benchmark_model:FILE")

_KINDS = "|".join(sorted({choice.partition(":")[0] for choice in CHOICES}))
# What a runner can use; the native one tries whatever it is asked for.
_ACCELERATORS = {"python": ("cpu",), "benchmark_model": ("cpu", "gpu"), "app": ("cpu", "gpu")}

# Runners that take no library from outside.
_BRINGS = {
    "benchmark_model": "It brings delegates of its own.",
    "app": "An app loads what it was built with: `python -m device_bench app build --litert FILE`, "
    "where --litert may be given several times.",
}

# A comma before another runner; names of files may have commas, too.
_BETWEEN = re.compile(rf"\s*,\s*(?=(?:{_KINDS})(?:[:,\s]|$))")


def split(text: str) -> list[str]:
    """Return the names in a list such as "native,app"; a name that is wrong stays as it is."""
    return _BETWEEN.split(text.strip())


def runner(
    name: str,
    *,
    accelerator: str = "cpu",
    libraries: Sequence[Path] = (),
    uninstall_app: bool = False,
    tell: Callable[[str], None] = lambda step: None,
) -> Runner:
    """Return a new runner by its name.

    Args:
        name: "native", "python", "app" (which is built if it is not there), "app:APK",
            "benchmark_model" (which is then looked for on PATH and in the cache) or
            "benchmark_model:FILE".
        accelerator: What it is to use: "cpu", "gpu" or "npu".
        libraries: Files that LiteRT is to load for the accelerator.
        uninstall_app: Whether an app is uninstalled at the end of each session.
        tell: Called before each step of building the app, which takes seconds.

    Raises:
        InputError: There is no such runner, its program is not found on the host, or it cannot
            use the accelerator.
        DeviceError: The app cannot be built here.
    """
    kind, _, argument = name.partition(":")
    _check_accelerator(kind, accelerator, libraries)
    if kind == "benchmark_model":
        from _edgeship.device_bench.runners.benchmark_model import BenchmarkModelRunner, find_binary

        return BenchmarkModelRunner(Path(argument) if argument else find_binary(), accelerator)
    if kind == "app":
        from _edgeship.device_bench.app.placing import default_apk
        from _edgeship.device_bench.runners.app_runner import AppRunner

        apk = Path(argument) if argument else default_apk(tell)
        return AppRunner(apk, accelerator=accelerator, uninstall=uninstall_app)
    if name == "native":
        from _edgeship.device_bench.runners.native_runner import NativeRunner

        return NativeRunner(accelerator, libraries)
    if name == "python":
        from _edgeship.device_bench.runners.interpreter import PythonRunner

        return PythonRunner()
    raise InputError(
        f"There is no runner called '{name}'.", todo=f"Choose from {', '.join(CHOICES)}."
    )


def _check_accelerator(kind: str, accelerator: str, libraries: Sequence[Path]) -> None:
    """Refuse what a kind of runner cannot do, before anything is built or reached."""
    if accelerator not in _ACCELERATORS.get(kind, (accelerator,)):
        raise InputError(
            f"The {kind} runner cannot use the {accelerator.upper()}.",
            todo="use --runner native, or --accelerator " + " or ".join(_ACCELERATORS[kind]),
        )
    if libraries and kind in _BRINGS:
        raise InputError(
            f"--accelerator-library is not for the {kind} runner.",
            why=_BRINGS[kind],
            todo="use --runner native, or leave the library out",
        )
