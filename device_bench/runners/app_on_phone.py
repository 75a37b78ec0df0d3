"""The app on a phone, by Android's own commands: pm, am and content.

What they print is untrusted, and their exit codes say little: am and content end with 0 after many
errors, which they only print.
"""

from __future__ import annotations

import re

from _edgeship.device_bench.app.project import PACKAGE
from _edgeship.device_bench.processes.base import Completed, Device, DeviceFull, DeviceTimeout
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.runners import app_refusals
from _edgeship.errors import DeviceError

#: Where its runs are, for `content`.
RUNS = f"content://{PACKAGE}.runs"

_ACTIVITY = f"{PACKAGE}/.RunActivity"

_SECONDS = 30.0
# The phone may ask its user, and check the app with a server.
_INSTALL_SECONDS = 180.0

_BASE = re.compile(r"package:(/[^\0]{1,1000}/base\.apk)")
_SHA256 = re.compile(r"\\?(?P<digest>[0-9a-f]{64})\s")

# The lines of am and content that tell of an error, apart from those of a stack trace.
_AM_ERROR = re.compile(r"(?!at )(Error\b.*|.*\b\w+Exception\b.*|.*Permission Denial.*)")
_CONTENT_ERROR = re.compile(r"(?!at )(Error\b.*|\[ERROR\].*|.*\b\w+Exception\b.*)")
_NO_PROVIDER = "Could not find provider"

# What `content query` prints of a run.
_ROW = re.compile(r"Row: \d+ id=(?P<id>[A-Za-z0-9-]{1,64}),")

# Android's record of how processes of an app ended, the newest first; since Android 11, which has
# each field on a line of its own.
_EXIT = re.compile(
    rf"process={re.escape(PACKAGE)}:run\s+reason=\d{{1,3}} \((?P<why>.{{1,60}}?)\)\s+subreason="
)


def installed_digest(device: Device) -> str:
    """Return the SHA-256 of the installed app's file, or "" if it is not installed.

    Raises:
        DeviceError: The phone does not answer as Android does.
    """
    done = device.run(["pm", "path", PACKAGE], timeout=_SECONDS)
    _check_there("pm", done, device)
    path = next(
        (m[1] for line in done.out.splitlines() if (m := _BASE.fullmatch(line.strip()))), ""
    )
    if not path:
        return ""
    summed = device.run(["sha256sum", path], timeout=_SECONDS)
    match = _SHA256.match(summed.out)
    if summed.code != 0 or match is None:
        raise DeviceError(
            "The installed app cannot be read.", where=device.selector, why=last_words(summed)
        )
    return match["digest"]


def install(device: Device, path: str) -> None:
    """Install or update the app from a file on the phone.

    Raises:
        DeviceFull: The phone has no space left.
        DeviceTimeout: It did not end in time.
        DeviceError: The phone refuses; the message says why and what to do.
    """
    try:
        done = device.run(["pm", "install", "-r", path], timeout=_INSTALL_SECONDS)
    except DeviceTimeout as error:
        raise DeviceTimeout(
            f"The phone did not install the app within {_INSTALL_SECONDS:g} s.",
            where=device.selector,
            why=error.why,
            todo="Unlock the phone, answer its question, and try again.",
        ) from error
    said = f"{done.out}\n{done.err}"
    if any(line.strip() == "Success" for line in said.splitlines()):
        return
    why, todo = app_refusals.installing(said)
    kind = DeviceFull if "INSUFFICIENT_STORAGE" in why else DeviceError
    raise kind("The phone does not install the app.", where=device.selector, why=why, todo=todo)


def uninstall(device: Device) -> None:
    """Uninstall the app with all that it keeps; it is not there in the end.

    Raises:
        DeviceError: The phone refuses.
    """
    done = device.run(["pm", "uninstall", PACKAGE], timeout=_SECONDS)
    if "Success" not in done.out.split() and installed_digest(device):
        raise DeviceError(
            "The phone does not uninstall the app.",
            where=device.selector,
            why=last_words(done),
            todo=f"Uninstall it by hand, or with `adb uninstall {PACKAGE}`.",
        )


def stop(device: Device) -> None:
    """End all processes of the app.

    Raises:
        DeviceError: The phone does not answer as Android does.
    """
    done = device.run(["am", "force-stop", PACKAGE], timeout=_SECONDS)
    if done.code != 0:
        raise DeviceError("The app cannot be stopped.", where=device.selector, why=last_words(done))


def start(device: Device, run: str, order: str) -> None:
    """Start a run; it goes on when this returns.

    Args:
        device: The phone.
        run: Its ID.
        order: Path on the phone of the file that says what to run.

    Raises:
        DeviceTimeout: The app did not appear in time.
        DeviceError: The phone does not start it.
    """
    argv = ["am", "start", "-W", "-n", _ACTIVITY, "--es", "run", run, "--es", "order", order]
    try:
        done = device.run(argv, timeout=_SECONDS)
    except DeviceTimeout as error:
        raise DeviceTimeout(
            f"The phone did not bring the app to its front within {_SECONDS:g} s.",
            where=device.selector,
            why=error.why,
            todo="Unlock the phone, and look for what covers the app.",
        ) from error
    _check_there("am", done, device)
    line = _errors(f"{done.out}\n{done.err}", _AM_ERROR)
    if not line and done.code == 0:
        return
    todo = f"Install it anew: `adb uninstall {PACKAGE}`, then measure again."
    if "SecurityException" in line or "Permission Denial" in line:
        todo = 'Allow "USB debugging (Security settings)" in the developer options, if it is there.'
    raise DeviceError(
        "The phone does not start the app.",
        where=device.selector,
        why=line or last_words(done),
        todo=todo,
    )


def check_content(done: Completed, device: Device) -> None:
    """Do nothing if a `content` command did its work.

    Raises:
        DeviceFull: What it printed did not fit on the phone.
        DeviceError: It failed; the message quotes what it said.
    """
    _check_there("content", done, device)
    line = _errors(done.err, _CONTENT_ERROR)
    if not line and done.code == 0:
        return
    if "No space left" in done.err:
        raise DeviceFull(
            "The outputs do not fit on the phone.",
            where=device.selector,
            why="No space left on device.",
            todo="Make room on the phone, and try again.",
        )
    todo = "Unlock the phone, and try again."
    if _NO_PROVIDER in line:
        todo = f"Install it anew: `adb uninstall {PACKAGE}`, then measure again."
    raise DeviceError(
        "The app does not hand out its results.",
        where=device.selector,
        why=line or last_words(done),
        todo=todo,
    )


def runs(device: Device) -> list[str]:
    """Return the IDs of all runs that the app keeps.

    Raises:
        DeviceError: It does not tell.
    """
    done = device.run(["content", "query", "--uri", RUNS], timeout=_SECONDS)
    check_content(done, device)
    return [m["id"] for line in done.out.splitlines() if (m := _ROW.match(line))]


def remove(device: Device, run: str) -> None:
    """Remove a run that has ended, with its report and outputs.

    Raises:
        DeviceError: It cannot be removed.
    """
    argv = ["content", "delete", "--uri", f"{RUNS}/{run}"]
    check_content(device.run(argv, timeout=_SECONDS), device)


def how_it_ended(device: Device) -> str:
    """Return Android's record of how the latest run's process ended, or "" where it keeps none.

    Raises:
        DeviceGone: The phone went away.
    """
    done = device.run(["dumpsys", "activity", "exit-info", PACKAGE], timeout=_SECONDS)
    match = _EXIT.search(done.out)
    return "" if match is None else _printable(match["why"])


def _check_there(program: str, done: Completed, device: Device) -> None:
    if done.code in (126, 127):
        raise DeviceError(
            f"The phone has no program '{program}', which the app runner needs.",
            where=device.selector,
            why=last_words(done),
            todo="Use a phone with Android 8 or later, or --runner native.",
        )


def _errors(said: str, pattern: re.Pattern[str]) -> str:
    """Return the first two lines that tell of an error, shortened; "" if none does."""
    lines = [line.strip() for line in said.splitlines() if pattern.match(line.strip())]
    return _printable(" | ".join(lines[:2]))[:400]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
