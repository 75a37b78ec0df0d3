"""The runner "native": our own C program on LiteRT's C API, with everything that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from _edgeship.device_bench.building.bundle import ABIS, LOADER, RUNNER, bundle
from _edgeship.device_bench.building.litert_library import litert_version
from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.words import how_it_ended, last_words
from _edgeship.device_bench.runners.accelerator_files import Brought, bring, check_libraries
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.device_bench.runners.core_words import core_words
from _edgeship.device_bench.runners.gpu_words import accelerated, advice, refusal
from _edgeship.device_bench.runners.native_report import MalformedError, RunnerError, parse_report
from _edgeship.device_bench.runners.outputs import digest_of, pull_outputs
from _edgeship.errors import DeviceError

# Name of the file that the bytes of the outputs are written to.
_OUTPUTS = "outputs"

# Exit codes of shells and of our devices for a file that the machine cannot execute.
_CANNOT_EXECUTE = (126, 127)

# The code of a program that signal N ended is this and N.
_SIGNAL = 128

# How a program ends that was built for another or a newer processor: SIGILL.
_ILLEGAL_INSTRUCTION = _SIGNAL + 4


class NativeRunner:
    """Runs a file with LiteRT's C library on any device with a Linux kernel, Android's too.

    Args:
        accelerator: "cpu", "gpu" or "npu".
        libraries: What LiteRT is to load for it; without any, its own accelerator for Vulkan.

    Raises:
        InputError: The libraries are not there, or none of them is for that accelerator.
    """

    name: str = "native"

    def __init__(self, accelerator: str = "cpu", libraries: Sequence[Path] = ()) -> None:
        if accelerator != "cpu":
            check_libraries(accelerator, libraries)
        self.accelerator = accelerator
        self._libraries = tuple(libraries)
        self._brought = Brought()

    def prepare(self, workspace: Workspace) -> None:
        """Push the runner with its libraries, built for the device's ABI.

        Raises:
            InputError: The device has no such accelerator, or a library is for another device.
            DeviceError: There is no bundle for the ABI, or it cannot be built or pushed.
        """
        abi = read_properties(workspace.device).abi
        if abi not in ABIS:
            raise DeviceError(
                f"The native runner cannot run on a device with the ABI {abi or 'unknown'}.",
                where=workspace.device.selector,
                why=f"It is built for {' and '.join(ABIS)}.",
                todo="Use --runner benchmark_model:FILE with a binary for that device.",
            )
        built = bundle(abi)
        for name in built.files:
            workspace.put(built.folder / name, name)
        self._brought = bring(workspace, self.accelerator, self._libraries, abi)

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        """Execute one process.

        Raises:
            InputError: More runs are asked for than a report can hold.
            DeviceError: It failed, or its output is malformed; the message quotes its last words.
            DeviceTimeout: It did not end in time, and was killed.
            DeviceGone: The device went away.
        """
        counts_time = workspace.device.unit == "ns"
        # Programs run in the workspace. With short names all sessions pass the same arguments:
        # their length would move the stack, and with it the exact figures of the virtual device.
        argv = [*self._brought.before, f"{workspace.path}/{LOADER}", "--library-path", "."]
        argv += [f"./{RUNNER}", *self._brought.after, "--outputs", _OUTPUTS]
        argv += ["--frequency"] if counts_time else []
        within = f"{workspace.path}/"
        argv += [word.removeprefix(within) for word in core_words(job)]
        done = workspace.run(argv, timeout=job.settings.timeout)
        where = f"{workspace.device.selector}, native runner"
        try:
            report = parse_report(done.out, f"LiteRT {litert_version()}")
        except RunnerError as error:
            raise _failed(str(error), job.settings.accelerator, done.err, where) from error
        except MalformedError as error:
            if done.code != 0:
                raise _ended_badly(done, job.settings.accelerator, where) from error
            raise DeviceError(
                "The runner's report is malformed.", where=where, why=f"{error}."
            ) from error
        if done.code != 0:
            raise _ended_badly(done, job.settings.accelerator, where)
        if job.settings.accelerator != "cpu" and not report.process.fully_accelerated:
            raise _not_accelerated(job.settings.accelerator, where)
        path = f"{workspace.path}/{_OUTPUTS}"
        pulled = pull_outputs(workspace.device, path, report.output_sizes, where)
        # On the virtual device it would be the memory of the emulator.
        peak = report.process.peak_rss_bytes if counts_time else None
        changes = {"outputs_sha256": digest_of(pulled), "peak_rss_bytes": peak}
        return Outcome(
            report.process.model_copy(update=changes),
            pulled if job.want_outputs else None,
            report.profile if job.want_profile else None,
            accelerated(done.err) if job.settings.accelerator != "cpu" else None,
        )

    def leave(self, workspace: Workspace) -> None:
        """Do nothing: all that it brings is in the workspace."""


def _failed(said: str, accelerator: str, err: str, where: str) -> DeviceError:
    """Return an error with what the runner and LiteRT said, which is untrusted text."""
    if accelerator != "cpu" and (found := refusal(err, accelerator, where)):
        return found
    # LiteRT also writes lines to stderr that are no errors.
    lines = [line for line in err.splitlines() if line and not line.startswith("INFO:")]
    words = " | ".join([said, *lines[-2:]])[:600]
    todo = advice(accelerator) if accelerator != "cpu" else ""
    return DeviceError(
        "The runner failed.",
        where=where,
        why="".join(char if char.isprintable() else "?" for char in words),
        todo=todo,
    )


def _not_accelerated(accelerator: str, where: str) -> DeviceError:
    return DeviceError(
        f"LiteRT does not say that the {accelerator.upper()} ran the whole file.",
        where=where,
        why="It was asked for alone, and did not refuse the file either.",
        todo=advice(accelerator),
    )


def _ended_badly(done: Completed, accelerator: str, where: str) -> DeviceError:
    code, words = done.code, last_words(done)
    if code > _SIGNAL and accelerator != "cpu":
        return DeviceError(
            f"The accelerator for {accelerator.upper()}s ended the process.",
            where=where,
            why=f"It crashed while it prepared or ran the file ({how_it_ended(code)}).",
            todo=advice(accelerator),
        )
    if code in _CANNOT_EXECUTE:
        return DeviceError(
            "The runner cannot be started on the device.",
            where=where,
            why=words,
            todo="Check that the device's processor is of the ABI that it reports "
            "(`python -m device_bench devices`) and that programs may run in that folder.",
        )
    if code == _ILLEGAL_INSTRUCTION:
        return DeviceError(
            "The runner used an instruction that the device's processor lacks.",
            where=where,
            why=words,
            todo="The device needs an ARMv8 processor in 64-bit mode, or an x86-64 one.",
        )
    return DeviceError("The runner ended before its report was complete.", where=where, why=words)
