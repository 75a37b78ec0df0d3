"""A board or computer that OpenSSH's client reaches, without a password."""

from __future__ import annotations

import contextlib
import re
import secrets
import shlex
import shutil
import subprocess
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from _edgeship.device_bench.devices.arriving import arriving
from _edgeship.device_bench.processes.base import Completed, DeviceFull, DeviceGone
from _edgeship.device_bench.processes.running import run_process
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError, InputError
from _edgeship.work_folders import WorkFolder, remove_left_behind

_CONTACT_S = 30.0
_COPY_S = 600.0

# A host or an alias, with a user if need be, for `ssh://` also a port; nothing that ssh could take
# for an option.
_HOST = re.compile(r"(//)?[A-Za-z0-9_.\[][A-Za-z0-9_.@:%\[\]-]{0,254}")

# ssh exits with 255 for its own errors, and a program may do so too. So the code comes back in a
# last line after the program's errors, marked with a word ($1) that the program does not know.
_RUN = 'end="$1"; shift; "$@"; printf "\\n%s %d\\n" "$end" "$?" >&2'

_PUSH = 'export LC_ALL=C; cat > "$1" && chmod 755 "$1" || { rm -f "$1"; exit 1; }'

_GONE = "Connect it again; what was measured so far is kept."

_PULL = 'export LC_ALL=C; cat < "$1"'

#: Where the sockets of connections lie, and what the names of their folders begin with.
_SHORT, _SOCKETS = Path("/tmp"), "edgeship-sock-"  # noqa: S108  folders of our own in it


class SshDevice:
    """A device behind `ssh HOST`; all that must be there is a POSIX shell.

    One connection serves all commands. It ends with this object, or 30 s after it was last used.

    Args:
        host: What `ssh` takes: an alias of ~/.ssh/config, HOST, USER@HOST; or
            //[USER@]HOST[:PORT], so that the selector is a URI.

    Raises:
        InputError: ``host`` cannot be such a name.
        DeviceError: The host cannot be reached, or asks for a password.
    """

    unit: str = "ns"
    base: str = "/tmp"  # noqa: S108  a folder of our own is made in it, with mode 700

    def __init__(self, host: str) -> None:
        if not _HOST.fullmatch(host):
            raise InputError(
                f"'{host}' is no host that ssh can be given.",
                todo="Write ssh:HOST, ssh:USER@HOST or ssh://USER@HOST:PORT.",
            )
        if shutil.which("ssh") is None:
            raise DeviceError(
                "OpenSSH's client is missing.",
                todo="Install it: `apt install openssh-client` on Debian.",
            )
        self.selector: str = f"ssh:{host}"
        self._destination = self.selector if host.startswith("//") else host
        # A short path: a socket's name must not be longer than about 100 bytes.
        remove_left_behind(_SHORT, _SOCKETS)
        folder = WorkFolder(_SHORT, _SOCKETS)
        self._ssh = [
            *("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
            *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
            *("-o", "ControlMaster=auto", "-o", "ControlPersist=30"),
            *("-o", f"ControlPath={folder.path}/socket", "-o", "LogLevel=ERROR"),
        ]
        weakref.finalize(self, _close, [*self._ssh, "-O", "exit", self._destination], folder)
        self._connect()

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to an absolute path on the device, with mode 0755."""
        try:
            with local.open("rb") as file:
                done = self._ssh_run(["sh", "-c", _PUSH, "sh", remote], _COPY_S, stdin=file)
        except OSError as error:
            raise DeviceError(f"{local} cannot be read.", why=str(error)) from error
        if done.code != 0:
            is_full = "No space left" in done.err or "quota exceeded" in done.err
            raise (DeviceFull if is_full else DeviceError)(
                f"{local.name} cannot be copied to {remote}.",
                where=self.selector,
                why=last_words(done),
                todo=f"Make room in {self.base} there." if is_full else "",
            )

    def pull(self, remote: str, local: Path) -> None:
        """Copy a file from an absolute path on the device; a partial file is never left."""
        with arriving(local) as file:
            done = self._ssh_run(["sh", "-c", _PULL, "sh", remote], _COPY_S, stdout=file)
            if done.code != 0:
                raise DeviceError(
                    f"{remote} cannot be copied.", where=self.selector, why=last_words(done)
                )

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program; its arguments are quoted for the login shell."""
        return self._ssh_run(argv, timeout, on_line=on_line)

    def _connect(self) -> None:
        """Make first contact; if that fails, the user has something to set up."""
        try:
            done = self._ssh_run(["true"], _CONTACT_S)
        except DeviceGone as error:
            raise DeviceError(
                error.what, where=error.where, why=error.why, todo=_advice(error.why, self.selector)
            ) from error
        if done.code != 0:
            raise DeviceError(
                f"{self.selector} answers but does not run programs.", why=last_words(done)
            )

    def _ssh_run(
        self,
        argv: Sequence[str],
        timeout: float,
        *,
        on_line: Callable[[str], None] | None = None,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> Completed:
        end = f"edgeship-{secrets.token_hex(8)}"
        command = shlex.join(["sh", "-c", _RUN, "sh", end, *argv])
        done = run_process(
            [*self._ssh, "--", self._destination, command],
            timeout=timeout,
            on_line=on_line,
            stdin=stdin,
            stdout=stdout,
        )
        before, found, code = done.err.rpartition(f"\n{end} ")
        if not found or not code.strip().isdigit():
            raise DeviceGone(
                f"{self.selector} cannot be reached.", why=last_words(done), todo=_GONE
            )
        return Completed(int(code), done.out, before)


def _advice(why: str, selector: str) -> str:
    host = selector.removeprefix("ssh:") if "//" not in selector else selector
    if "Permission denied" in why:
        return f"Let `ssh {host}` log in without a password: `ssh-copy-id {host}`."
    if "Host key verification failed" in why or "REMOTE HOST IDENTIFICATION" in why:
        return f"Run `ssh {host}` once by hand, and check the host's key."
    if "Could not resolve" in why:
        return "Check the name of the host."
    return f"Check that the device is on, and that `ssh {host} true` works."


def _close(end_master: list[str], folder: WorkFolder) -> None:
    """End the shared connection, if there is one, and remove the folder of its socket."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603  a list, never through a shell
            end_master, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    folder.remove()
