"""The runner "benchmark_model": the official program of TensorFlow Lite and LiteRT.

It times each run but prints only a summary, so one process gives one sample
(`records.Process.runs_per_sample`). It feeds random numbers, and its output files lack the shapes
and the order that a comparison needs. So outputs are not compared and operators are not profiled;
the native runner does both.
"""

from __future__ import annotations

import hashlib
import math
import re
import shutil
from pathlib import Path

from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.results.records import MeasurementSettings, Process, Properties
from _edgeship.device_bench.runners.base import Accelerated, Job, Outcome
from _edgeship.errors import DeviceError, InputError

_NUMBER = r"([0-9.]+(?:e[+-]?[0-9]+)?)"

# Formats: tflite/tools/benchmark/benchmark_model.cc and stats_calculator.h. Numbers are printed by
# C++ streams, so 1234567.8 comes as 1.23457e+06.
_SUMMARY = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, "
    rf"Warmup \(avg\): {_NUMBER}, Inference \(avg\): {_NUMBER}"
)
_COUNT = re.compile(r"\bcount=(\d{1,9}) ")
_MEDIAN = re.compile(rf"\bmedian={_NUMBER}")
_DELEGATED = "model graph will be completely executed by the delegate"
_PARTLY_DELEGATED = "partially executed by the delegate"
_NOT_DELEGATED = (_PARTLY_DELEGATED, "will not be executed by the delegate")
_LEFT = re.compile(r"the remaining (\d{1,9}) operations will run on the CPU")

# ELF header: class at byte 4, machine at byte 18.
_ELF_ABIS = {
    (2, 183): ("arm64-v8a",),
    (1, 40): ("armeabi-v7a", "arm64-v8a"),
    (2, 62): ("x86_64",),
    (1, 3): ("x86", "x86_64"),
}


def find_binary() -> Path:
    """Return the path of a benchmark_model on PATH or in edgeship's cache folder.

    Raises:
        InputError: There is none.
    """
    from _edgeship.cache import cache_folder

    found = shutil.which("benchmark_model")
    path = Path(found) if found else cache_folder() / "benchmark_model"
    if not path.is_file():
        raise InputError(
            "There is no benchmark_model here.",
            why=f"It is neither on PATH nor at {path}.",
            todo="Name one: --runner benchmark_model:FILE. Its publishers offer it for Android.",
        )
    return path


class BenchmarkModelRunner:
    """Runs a file in a benchmark_model binary that was built for the device.

    Args:
        binary: The program on the host.
        accelerator: "cpu" or "gpu".

    Raises:
        InputError: There is no such file.
    """

    name: str = "benchmark_model"

    def __init__(self, binary: Path, accelerator: str = "cpu") -> None:
        if not binary.is_file():
            raise InputError("There is no such benchmark_model.", where=str(binary))
        self._binary = binary
        self.accelerator = accelerator
        self._runtime = ""

    def prepare(self, workspace: Workspace) -> None:
        """Push the program.

        Raises:
            DeviceError: It is built for another kind of processor, or cannot be pushed.
        """
        data = self._binary.read_bytes()
        # It does not report its version, so its digest stands for that.
        self._runtime = f"benchmark_model {hashlib.sha256(data).hexdigest()[:12]}"
        _check_abi(self._binary, data[:20], read_properties(workspace.device))
        workspace.put(self._binary)

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        """Execute one process; the inputs of the job are not used, and outputs never come back.

        Raises:
            InputError: The job asks for what this runner cannot do.
            DeviceError: It failed, or its output is not as documented.
            DeviceTimeout: It did not end in time, and was killed.
        """
        if job.want_profile:
            raise InputError(
                "The benchmark_model runner does not measure operators.",
                todo="Use --runner native.",
            )
        program = workspace.put(self._binary)
        done = workspace.run(
            _command(program, job.model, job.settings), timeout=job.settings.timeout
        )
        if done.code != 0:
            raise DeviceError(
                "benchmark_model failed.", where=workspace.device.selector, why=last_words(done)
            )
        text = f"{done.out}\n{done.err}"
        process = parse_output(text, self._runtime)
        if process is None:
            raise DeviceError(
                "benchmark_model did not print its results as documented.",
                where=workspace.device.selector,
                why=last_words(done),
            )
        return Outcome(
            process,
            accelerated=read_accelerated(text) if job.settings.accelerator != "cpu" else None,
        )

    def leave(self, workspace: Workspace) -> None:
        """Do nothing: all that it brings is in the workspace."""


def parse_output(text: str, runtime: str) -> Process | None:
    """Return the program's output as a record, or None if it is not the documented output.

    Args:
        text: All of its output.
        runtime: Text that stands for its version.
    """
    summary = _SUMMARY.search(text)
    # The warm-up's statistics come first, those of the timed runs last.
    counts = list(_COUNT.finditer(text))
    if summary is None or not counts:
        return None
    # Newer versions print the median of the runs, too, which a few slow ones move less.
    median = _MEDIAN.search(text[counts[-1].start() :].partition("\n")[0])
    init = _nanoseconds(summary[1])
    first = _nanoseconds(summary[2])
    sample = _nanoseconds(median[1] if median else summary[4])
    count = int(counts[-1][1])
    if init is None or first is None or not sample or count < 1:
        return None
    return Process(
        runner="benchmark_model",
        runtime=runtime,
        init=init,
        first=first,
        runs=(sample,),
        runs_per_sample=count,
        fully_accelerated=_is_fully_accelerated(text),
    )


def read_accelerated(text: str) -> Accelerated | None:
    """Return what its delegate ran, or None unless it says that it ran something.

    Args:
        text: All of its output.
    """
    if _DELEGATED in text:
        return Accelerated(left=0)
    if _PARTLY_DELEGATED in text:
        left = _LEFT.search(text)
        return Accelerated(left=int(left[1]) if left else None)
    return None


def _command(program: str, model: str, settings: MeasurementSettings) -> list[str]:
    accelerators = {"cpu": [], "gpu": ["--use_gpu=true"]}
    if settings.accelerator not in accelerators:
        raise InputError(
            f"The benchmark_model runner cannot use the {settings.accelerator}.",
            todo="Use --runner native, or --accelerator cpu or gpu.",
        )
    mask = sum(1 << core for core in settings.cores)
    return [
        *(["taskset", f"{mask:x}"] if settings.cores else []),
        program,
        f"--graph={model}",
        f"--num_threads={settings.threads}",
        # Its first run is the first of the warm-up.
        f"--warmup_runs={settings.warmup_runs + 1}",
        f"--warmup_min_secs={settings.warmup_seconds:g}",
        f"--num_runs={settings.runs}",
        f"--min_secs={settings.seconds:g}",
        *accelerators[settings.accelerator],
    ]


def _check_abi(binary: Path, head: bytes, properties: Properties) -> None:
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return  # A script, for example; the device will say whether it can run it.
    abis = _ELF_ABIS.get((head[4], int.from_bytes(head[18:20], "little")), ())
    if properties.abi not in abis:
        raise DeviceError(
            f"{binary.name} is not built for {properties.selector}.",
            where=str(binary),
            why=f"It runs on {' or '.join(abis) or 'another processor'}; the device is "
            f"{properties.abi}.",
            todo=f"Get the one for {properties.abi}.",
        )


def _nanoseconds(microseconds: str) -> int | None:
    try:
        value = float(microseconds)
    except ValueError:
        return None
    return round(value * 1000) if math.isfinite(value) and value < 1e12 else None


def _is_fully_accelerated(text: str) -> bool | None:
    if any(words in text for words in _NOT_DELEGATED):
        return False
    return True if _DELEGATED in text else None
