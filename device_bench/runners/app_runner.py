"""The runner "app": our measuring core inside a real app, in front, as users of apps have it.

A program in adb's shell is in another scheduling class than an app, may be given other cores, and
loads other libraries for the GPU. So this runner installs an app (android_app/) and lets it do what
the native runner does: an activity in front measures in a process of its own, and a provider that
only adb may ask hands out its report while it grows.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from pathlib import Path

from _edgeship.device_bench.devices.workspace import Workspace, is_forgotten
from _edgeship.device_bench.processes.base import Device, DeviceGone, DeviceTimeout
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.runners import app_on_phone, app_refusals
from _edgeship.device_bench.runners.app_package import (
    check_accelerator,
    check_phone,
    read_package,
    update,
)
from _edgeship.device_bench.runners.base import Accelerated, Job, Outcome
from _edgeship.device_bench.runners.core_words import core_words
from _edgeship.device_bench.runners.native_report import (
    BrokenOffError,
    MalformedError,
    Report,
    RunnerError,
    parse_app_report,
)
from _edgeship.device_bench.runners.outputs import digest_of, pull_outputs
from _edgeship.errors import DeviceError
from _edgeship.work_folders import temporary_folder

_SECONDS = 30.0

# What lies in the workspace, besides what is named by its content.
_ORDER, _OUTPUTS = "order", "app-outputs"

# $1 is where to read, $2 the file to write.
_SAVE = 'content read --uri "$1" > "$2"'


class AppRunner:
    """Runs a file in an app on a phone with Android.

    Args:
        apk: The app. It is installed where another or none is.
        accelerator: "cpu" or "gpu".
        uninstall: Whether to uninstall it at the end of each session.

    Raises:
        InputError: There is no such file, or it is no such app.
    """

    name: str = "app"

    def __init__(self, apk: Path, *, accelerator: str = "cpu", uninstall: bool = False) -> None:
        self._package = read_package(apk)
        self.accelerator = accelerator
        self._uninstall = uninstall
        self._abi = ""
        # Whether there is a phone to leave behind as it was, and runs that may still lie there.
        self._on_phone = False
        self._begun: list[str] = []

    def prepare(self, workspace: Workspace) -> None:
        """Install the app if the phone has another or none, and let it read the workspace.

        Raises:
            InputError: The app has no library for the accelerator.
            DeviceError: The device is no phone that the app runs on, or refuses it.
        """
        device = workspace.device
        self._abi = check_phone(device)
        check_accelerator(self._package, self.accelerator, self._abi)
        self._on_phone = True
        update(workspace, self._package)
        # Nothing of an earlier session, and no demo, may run beside a measurement.
        app_on_phone.stop(device)
        self._forget(device)
        _open(workspace)
        # This also starts the process that hands out reports, so that no run has to wait for it.
        _remove_forgotten(device)

    def run(self, workspace: Workspace, job: Job) -> Outcome:
        """Execute one process of the app.

        Raises:
            InputError: More runs are asked for than a report can hold.
            DeviceError: It failed, was ended by the system, or its report is malformed.
            DeviceTimeout: It did not end in time, and was stopped.
            DeviceGone: The device went away.
        """
        # The name says whose it is, as that of the workspace does.
        run = f"{workspace.name}-{secrets.token_hex(4)}"
        order = _put_order(workspace, job)
        self._begun.append(run)
        try:
            outcome = self._measured(workspace, job, run, order)
        except DeviceGone:
            # What still runs is stopped when the phone is back.
            raise
        except BaseException:
            # If the phone goes away now, the next `prepare` does this.
            with contextlib.suppress(DeviceError):
                app_on_phone.stop(workspace.device)
                self._forget(workspace.device)
            raise
        self._forget(workspace.device)
        return outcome

    def leave(self, workspace: Workspace) -> None:
        """Stop the app, and uninstall it if that is wanted; else it stays with its own history.

        Raises:
            DeviceError: The phone refuses.
        """
        if not self._on_phone:
            return
        device = workspace.device
        app_on_phone.stop(device)
        if self._uninstall:
            app_on_phone.uninstall(device)
        elif self._begun:
            self._forget(device)

    def _forget(self, device: Device) -> None:
        """Remove the runs of this session from the phone."""
        while self._begun:
            app_on_phone.remove(device, self._begun[-1])
            self._begun.pop()

    def _measured(self, workspace: Workspace, job: Job, run: str, order: str) -> Outcome:
        device = workspace.device
        app_on_phone.start(device, run, order)
        report = self._follow(workspace, job, run)
        where = _where(device)
        _save_outputs(workspace, run)
        path = f"{workspace.path}/{_OUTPUTS}"
        outputs = pull_outputs(device, path, report.output_sizes, where)
        granted = report.process.app
        version = granted.version if granted else ""
        changes = {
            "runtime": f"{self._package.litert(self._abi)}, app {version}",
            "outputs_sha256": digest_of(outputs),
        }
        return Outcome(
            report.process.model_copy(update=changes),
            outputs if job.want_outputs else None,
            report.profile if job.want_profile else None,
            # Nothing else was allowed to run it. Android keeps what the driver prints for itself.
            Accelerated(left=0) if report.process.fully_accelerated else None,
        )

    def _follow(self, workspace: Workspace, job: Job, run: str) -> Report:
        """Wait for the end of a run and return its report."""
        device = workspace.device
        deadline = time.monotonic() + job.settings.timeout
        try:
            try:
                return parse_app_report(_read_report(workspace, run, deadline, job), "")
            except BrokenOffError:
                # The process that hands out reports may have ended, and not the one that runs: it
                # starts again by itself. If the run has ended, this gives the same at once.
                return parse_app_report(_read_report(workspace, run, deadline, job), "")
        except RunnerError as error:
            raise _failed(str(error), _where(device)) from error
        except BrokenOffError as error:
            raise _ended(device) from error
        except MalformedError as error:
            raise DeviceError(
                "The app's report is malformed.",
                where=_where(device),
                why=f"{error}.",
                todo="If it is not the app of this version of edgeship, leave its name out: "
                "--runner app.",
            ) from error


def _remove_forgotten(device: Device) -> None:
    """Remove the runs that earlier sessions of this host began, and lost with their phone."""
    for run in app_on_phone.runs(device):
        if is_forgotten(run.rpartition("-")[0], is_old=False):
            app_on_phone.remove(device, run)


def _open(workspace: Workspace) -> None:
    """Let the app read what lies in the workspace; what is pushed there is readable already."""
    done = workspace.device.run(["chmod", "755", workspace.path], timeout=_SECONDS)
    if done.code != 0:
        raise DeviceError(
            "The folder of this session cannot be opened for the app.",
            where=workspace.device.selector,
            why=last_words(done),
        )


def _put_order(workspace: Workspace, job: Job) -> str:
    """Bring the words for a job to the phone, one a line, and return the path."""
    with temporary_folder() as own:
        file = own / "order"
        file.write_text("\n".join([*core_words(job), "--frequency"]) + "\n", encoding="utf-8")
        return workspace.put(file, _ORDER)


def _read_report(workspace: Workspace, run: str, deadline: float, job: Job) -> str:
    """Return the report of a run, once it has ended; the deadline is of `time.monotonic`."""
    argv = ["content", "read", "--uri", f"{app_on_phone.RUNS}/{run}/report"]
    try:
        done = workspace.run(argv, timeout=max(1.0, deadline - time.monotonic()))
    except DeviceTimeout as error:
        raise DeviceTimeout(
            f"The app did not end within {job.settings.timeout:g} s, and was stopped.",
            where=_where(workspace.device),
            why=error.why,
            todo="Raise --timeout, or lower --seconds and --runs.",
        ) from error
    app_on_phone.check_content(done, workspace.device)
    return done.out


def _save_outputs(workspace: Workspace, run: str) -> None:
    uri = f"{app_on_phone.RUNS}/{run}/outputs"
    done = workspace.run(["sh", "-c", _SAVE, "sh", uri, _OUTPUTS], timeout=_SECONDS)
    app_on_phone.check_content(done, workspace.device)


def _failed(said: str, where: str) -> DeviceError:
    """Return an error with what the app said, which is untrusted text."""
    words = "".join(char if char.isprintable() else "?" for char in said)[:600]
    return DeviceError(
        "The app did not measure.", where=where, why=words, todo=app_refusals.running(said)
    )


def _ended(device: Device) -> DeviceError:
    """Return an error for a report that breaks off: the app's process ended before it."""
    record = app_on_phone.how_it_ended(device)
    why = "Its report breaks off."
    if record:
        why += f" Android's latest record of its end is {record}."
    return DeviceError(
        "The app was ended while it measured, by the system or by someone.",
        where=_where(device),
        why=why,
        todo="Close other apps, and leave the phone alone while it measures; a network that needs "
        "more memory than the phone gives an app ends like this, too.",
    )


def _where(device: Device) -> str:
    return f"{device.selector}, app runner"
