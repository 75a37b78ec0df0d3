"""An adb server of our own, which does not know the user's phones and keys."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType


class AdbServer:
    """A server on a free port, with a home folder of its own, from construction until `close`.

    Attributes:
        environment: Variables that make programs use it.
    """

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="adb-server-"))
        self.environment = {"ANDROID_ADB_SERVER_PORT": str(_free_port())}
        self.run("start-server")

    def __enter__(self) -> AdbServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the adb program and return its outcome, whatever the exit code."""
        # It must not look for phones on USB and for emulators on ports of this computer.
        own = {"HOME": str(self._home), "TMPDIR": str(self._home), "ADB_USB": "0", "ADB_EMU": "0"}
        return subprocess.run(  # noqa: S603
            ["adb", *words],  # noqa: S607
            env={**os.environ, **own, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def close(self) -> None:
        """End the server, which would outlive us."""
        self.run("kill-server")
        shutil.rmtree(self._home)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
