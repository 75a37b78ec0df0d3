"""This computer as a device."""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.processes.base import Completed, DeviceFull
from _edgeship.device_bench.processes.running import run_process
from _edgeship.errors import DeviceError


class LocalDevice:
    """The computer that this program runs on; its files are the host's files."""

    selector: str = "local"
    unit: str = "ns"

    def __init__(self) -> None:
        self.base: str = tempfile.gettempdir()

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to an absolute path, with mode 0755."""
        try:
            shutil.copyfile(local, remote)
            Path(remote).chmod(0o755)
        except OSError as error:
            # Part of a file would only take up space that is short already.
            with contextlib.suppress(OSError):
                Path(remote).unlink()
            raise _failed(f"{local.name} cannot be copied to {remote}.", error) from error

    def pull(self, remote: str, local: Path) -> None:
        """Copy a file from an absolute path."""
        try:
            shutil.copyfile(remote, local)
        except OSError as error:
            raise _failed(f"{remote} cannot be copied.", error) from error

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program; what it left running in its process group is killed when it ends."""
        return run_process(argv, timeout=timeout, on_line=on_line)


def _failed(what: str, error: OSError) -> DeviceError:
    why = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DeviceFull(
            what, where="local", why=why, todo="Make room there, or set TMPDIR to a larger disk."
        )
    return DeviceError(what, where="local", why=why)
