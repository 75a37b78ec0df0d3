"""The runner "python": the LiteRT interpreter of this Python environment, on this computer."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

from pydantic import Field, ValidationError

from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.results.record import Record
from _edgeship.device_bench.results.records import Process
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.errors import DeviceError, InputError
from _edgeship.work_folders import temporary_folder

_PROGRAM = Path(__file__).with_name("interpreter_program.py")

_MAX_OUTPUTS = 1000


class PythonRunner:
    """Runs a file in the LiteRT interpreter, in a process of its own.

    It needs no compiler, so it works wherever edgeship is installed. It neither profiles operators
    nor records frequencies; the native runner does both.
    """

    name: str = "python"
    accelerator: str = "cpu"

    def prepare(self, workspace: Workspace) -> None:
        """Copy the program of the child process into the workspace.

        Raises:
            InputError: The device is not this computer.
            DeviceError: The program cannot be copied.
        """
        if workspace.device.selector != "local":
            raise InputError(
                f"The python runner cannot run on {workspace.device.selector}.",
                why="It is the interpreter of this computer's Python environment.",
                todo="Use --runner native there, or --device local.",
            )
        workspace.put(_PROGRAM)

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        """Execute one process.

        Raises:
            InputError: The job asks for what this runner cannot do.
            DeviceError: The process failed, or its report is malformed.
            DeviceTimeout: It did not end in time, and was killed.
        """
        _check(job)
        outputs = f"{workspace.path}/outputs-{secrets.token_hex(4)}" if job.want_outputs else None
        settings = job.settings
        order = {
            "model": job.model,
            "threads": settings.threads,
            "cores": settings.cores,
            "warmup_runs": settings.warmup_runs,
            "warmup_seconds": settings.warmup_seconds,
            "runs": settings.runs,
            "seconds": settings.seconds,
            "inputs": job.inputs,
            "outputs": outputs,
        }
        program = workspace.put(_PROGRAM)
        done = workspace.run([sys.executable, program, json.dumps(order)], timeout=settings.timeout)
        if done.code != 0:
            raise DeviceError("The LiteRT interpreter failed.", where="local", why=last_words(done))
        try:
            report = _Report.model_validate_json(done.out.strip().rpartition("\n")[2])
        except ValidationError as error:
            raise DeviceError(
                "The LiteRT interpreter's report is malformed.", where="local", why=last_words(done)
            ) from error
        pulled = None if outputs is None else _pull(workspace, outputs, report.outputs)
        return Outcome(report.process, pulled)

    def leave(self, workspace: Workspace) -> None:
        """Do nothing: all that it brings is in the workspace."""


class _Report(Record):
    """What the child prints: its times, and how many outputs the file has."""

    process: Process
    outputs: int = Field(ge=0, le=_MAX_OUTPUTS)


def _check(job: Job) -> None:
    if job.want_profile:
        raise InputError(
            "The python runner does not measure operators.", todo="Use --runner native."
        )
    if job.settings.accelerator != "cpu":
        raise InputError(
            f"The python runner cannot use the {job.settings.accelerator}.",
            todo="Use --runner native, or --accelerator cpu.",
        )


def _pull(workspace: Workspace, folder: str, count: int) -> tuple[bytes, ...]:
    outputs = []
    with temporary_folder() as own:
        local = own / "output"
        for index in range(count):
            workspace.device.pull(f"{folder}/{index}", local)
            outputs.append(local.read_bytes())
    return tuple(outputs)
