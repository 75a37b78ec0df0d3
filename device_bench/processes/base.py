"""The interface of a device, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from _edgeship.errors import DeviceError


class DeviceGone(DeviceError):  # noqa: N818
    """The device was there and no longer answers: unplugged, rebooting, offline.

    What was measured so far is kept, and the same work may be tried again when it is back.
    """


class DeviceTimeout(DeviceError):  # noqa: N818
    """A command did not end in the time it had; it has been killed on the device."""


class DeviceFull(DeviceError):  # noqa: N818
    """The device has no space left for a file."""


@dataclass(frozen=True)
class Completed:
    """A command that ended.

    Attributes:
        code: Exit code; 128 + N if signal N killed it.
        out: Standard output; bytes that are not UTF-8 are replaced. It is untrusted text.
        err: Standard error, likewise.
    """

    code: int
    out: str
    err: str


class Device(Protocol):
    """One device, reached in one way.

    Attributes:
        selector: What `--device` takes to name exactly this device: "local", "virtual",
            "adb:SERIAL", "ssh:HOST".
        unit: Unit of the times that programs report there: "ns", or "instructions" on the virtual
            device.
        base: Absolute path of a folder on the device in which folders may be made.
    """

    selector: str
    unit: str
    base: str

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to an absolute path on the device, with mode 0755.

        Raises:
            DeviceFull: No space is left there.
            DeviceGone: The device is not reachable.
            DeviceError: The file cannot be copied for another reason.
        """

    def pull(self, remote: str, local: Path) -> None:
        """Copy a file from the device.

        Raises:
            DeviceGone: The device is not reachable.
            DeviceError: The file does not exist, or something else is wrong.
        """

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program and wait for its end; it gets its arguments exactly as they are here.

        Args:
            argv: The program and its arguments. A script is ["sh", "-c", SCRIPT, "sh", ARG...].
            timeout: Seconds after which to stop waiting; the caller sees to it that nothing keeps
                running on the device (`workspace.py`).
            on_line: Called with each line of standard output as it arrives, without its newline.

        Raises:
            DeviceTimeout: It did not end in time.
            DeviceGone: The device went away.
        """
