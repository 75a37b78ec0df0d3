"""A folder on a device that holds all we bring there, and is removed with everything in it.

The folder's name says which process on which host made it, and when that had started:
"edgeship-HOST-PROCESS-STARTED-TOKEN". So the next workspace can tell a folder that was left behind
(its owner is dead, though another process may have its number by now) from one in use.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import psutil

from _edgeship.device_bench.processes.base import Completed, Device, DeviceGone
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError

_SECONDS = 30.0

# $1 is the folder. The shell becomes the program, which therefore runs in the folder.
_START = 'cd "$1" && shift && exec "$@"'

# What runs in a folder is found by its working directory: that needs no file with a process number,
# and finds children too. One `ls` for all processes is much faster than a `readlink` for each.
_KILL = """
kill_in() {
    ls -l /proc/[0-9]*/cwd 2>/dev/null | while read -r line; do
        case "$line" in
        */proc/*/cwd\\ -\\>\\ */"${1##*/}"*)
            number="${line#*/proc/}"
            kill -9 "${number%%/*}" 2>/dev/null
            ;;
        esac
    done
}
"""

_KILL_ALL = _KILL + 'for folder; do kill_in "$folder"; done; exit 0'

# The first attempt fails if a program that is being killed still writes into the folder.
_REMOVE = (
    _KILL
    + """
for folder; do
    kill_in "$folder"
    rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; } || exit 1
done
"""
)

_MAKE = _REMOVE + 'mkdir -m 700 "$1"'

# $1 is the base. After the names of all workspaces come those that are more than a day old.
_LIST = """
cd "$1" || exit 1
for name in edgeship-*; do [ -d "$name" ] && echo "all $name"; done
find . -maxdepth 1 -name 'edgeship-*' -mtime +0 2>/dev/null | sed 's|^\\./|old |'
exit 0
"""

#: Names of before have no start.
_NAME = re.compile(
    r"edgeship-(?P<host>[0-9a-f]{8})-(?P<process>[0-9]{1,10})(-(?P<started>[0-9]{1,12}))?-[0-9a-f]{8}"
)

#: By how much two readings of one start may differ, in seconds: it is rounded.
_SAME_START_S = 2

_SAFE_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}")

# Names of the folders that this process is using, on any device.
_in_use: set[str] = set()


class Workspace:
    """The session's folder on a device.

    Use it as a context manager: at the end, also after an error, what still runs from it is killed
    and the folder is removed. That cannot be done on a device that went away; the next workspace
    made there removes what older ones left, unless their process still runs on this host, or they
    were made by another host less than a day ago.

    Attributes:
        device: Where it is.
        name: The folder's name, which no other workspace has had.
        path: The folder's absolute path on the device.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        own = os.getpid()
        words = (_host(), own, _started(own), secrets.token_hex(4))
        self.name = "-".join(["edgeship", *(str(word) for word in words if word is not None)])
        self.path = f"{device.base}/{self.name}"
        self._there: dict[str, str] = {}

    def __enter__(self) -> Workspace:
        _in_use.add(self.name)
        try:
            self.restore()
        except BaseException:
            _in_use.discard(self.name)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _in_use.discard(self.name)
        try:
            self._script(_REMOVE, self.path, what="The folder of this session cannot be removed")
        except DeviceError:
            # The error that ended the session says more than that its folder could not be removed.
            if error is None:
                raise

    def restore(self) -> None:
        """Make the folder anew, empty, and kill what still runs from it, as after a reconnection.

        Raises:
            DeviceGone: The device is not reachable.
            DeviceError: The folder cannot be made or removed.
        """
        self._there.clear()
        self._remove_forgotten()
        self._script(_MAKE, self.path, what="No folder can be made on the device")

    def put(self, local: Path, name: str | None = None) -> str:
        """Push a file, unless its content is there already, and return its path on the device.

        Args:
            local: The file on the host.
            name: Its name there, if something looks for it by name; by default a name is made from
                its content.

        Raises:
            DeviceFull: No space is left there.
            DeviceGone: The device is not reachable.
            DeviceError: The file cannot be copied for another reason.
        """
        digest = hashlib.sha256(local.read_bytes()).hexdigest()
        if name is None:
            suffix = local.suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,16}", local.suffix) else ""
            name = digest[:16] + suffix
        elif not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no plain file name")
        if self._there.get(name) != digest:
            self._there.pop(name, None)
            self.device.push(local, f"{self.path}/{name}")
            self._there[name] = digest
        return f"{self.path}/{name}"

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program in the folder; after a timeout or an interrupt it is dead on the device.

        Args:
            argv: The program and its arguments, as for `Device.run`.
            timeout: Seconds until it is killed.
            on_line: Called with each line of standard output as it arrives.

        Raises:
            DeviceTimeout: It did not end in time, and was killed.
            DeviceGone: The device went away; `restore` kills what still runs.
        """
        try:
            return self.device.run(
                ["sh", "-c", _START, "sh", self.path, *argv], timeout=timeout, on_line=on_line
            )
        except DeviceGone:
            raise
        except BaseException:
            # If the device goes away now, `restore` or the next workspace kills the program.
            with contextlib.suppress(DeviceGone):
                self._script(_KILL_ALL, self.path, what="A program cannot be killed")
            raise

    def _remove_forgotten(self) -> None:
        base = self.device.base
        listed = self._script(_LIST, base, what=f"There is no folder {base} on the device")
        words = [line.split(" ", 1) for line in listed.splitlines() if " " in line]
        old = {name for age, name in words if age == "old"}
        forgotten = {
            name for age, name in words if age == "all" and is_forgotten(name, is_old=name in old)
        }
        if forgotten:
            paths = sorted(f"{base}/{name}" for name in forgotten)
            self._script(_REMOVE, *paths, what="What an earlier session left cannot be removed")

    def _script(self, script: str, *arguments: str, what: str) -> str:
        """Run a script and return its output; an error begins with ``what``."""
        done = self.device.run(["sh", "-c", script, "sh", *arguments], timeout=_SECONDS)
        if done.code != 0:
            raise DeviceError(
                f"{what}.",
                where=f"{self.device.selector}, {' '.join(arguments)}",
                why=last_words(done),
            )
        return done.out


def _host() -> str:
    """Return eight hexadecimal digits that stand for this computer."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def is_forgotten(name: str, *, is_old: bool) -> bool:
    """Return whether a workspace is no longer in use.

    Args:
        name: Its name, which is text from a device; one that is none is never forgotten.
        is_old: Whether it is more than a day old, which is what counts for those of other hosts.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    if match["host"] != _host():
        return is_old
    process = int(match["process"])
    if process == os.getpid():
        return name not in _in_use
    if not _is_alive(process):
        return True
    started = _started(process)
    if started is None or match["started"] is None:
        return False
    return abs(started - int(match["started"])) > _SAME_START_S


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _started(process: int) -> int | None:
    """Return when a process started, in seconds since this computer did; None if nobody says.

    That does not change where somebody sets the clock.
    """
    try:
        return max(round(float(psutil.Process(process).create_time() - psutil.boot_time())), 0)
    except psutil.Error:
        return None
