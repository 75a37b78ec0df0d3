"""A folder on a device that holds all we bring there, and goes with everything in it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from device_bench.devices.base import Completed, Device, DeviceError, DeviceGone, DeviceTimeout

# $1 is the file that gets the process number. The shell becomes the program, so the number stays.
_START = 'echo $$ > "$1" && shift && exec "$@"'

_STOP = '[ -f "$1" ] && kill -9 "$(cat "$1")" 2>/dev/null; rm -f "$1"'


class Workspace:
    """The session's folder on a device.

    Use it as a context manager: at the end whatever still runs from it is killed and the folder is
    removed, also after an error. A device that went away cannot be cleaned then; the next
    workspace made there removes what older ones left.

    Attributes:
        device: Where it is.
        path: The folder's absolute path on the device.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.path = f"{device.base}/edgeship-{secrets.token_hex(4)}"
        self._pid = f"{self.path}/pid"

    def __enter__(self) -> Workspace:
        self.restore()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def restore(self) -> None:
        """Make the folder anew, empty, and kill what still runs from it: after a reconnection."""
        raise NotImplementedError

    def put(self, local: Path) -> str:
        """Push a file under a safe name made from its content, unless it is there, and return its path."""
        raise NotImplementedError

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program in the folder; after a timeout or an interrupt it is dead on the device."""
        raise NotImplementedError
