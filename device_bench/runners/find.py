"""The runner that the value of `--runner` names."""

from __future__ import annotations

from pathlib import Path

from _edgeship.device_bench.runners.base import Runner
from _edgeship.errors import InputError

#: What `--runner` takes.
CHOICES = ("native", "python", "benchmark_model", "benchmark_model:FILE")


def runner(name: str) -> Runner:
    """Return a new runner by its name.

    Args:
        name: "native", "python", "benchmark_model" (which is then looked for on PATH and in the
            cache) or "benchmark_model:FILE".

    Raises:
        InputError: There is no such runner, or its program is not found on the host.
    """
    kind, _, argument = name.partition(":")
    if kind == "benchmark_model":
        from _edgeship.device_bench.runners.benchmark_model import BenchmarkModelRunner, find_binary

        return BenchmarkModelRunner(Path(argument) if argument else find_binary())
    if name == "native":
        from _edgeship.device_bench.runners.native_runner import NativeRunner

        return NativeRunner()
    if name == "python":
        from _edgeship.device_bench.runners.interpreter import PythonRunner

        return PythonRunner()
    raise InputError(
        f"There is no runner called '{name}'.", todo=f"Choose from {', '.join(CHOICES)}."
    )
