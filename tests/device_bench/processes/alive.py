"""What runs on this computer now."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path

_PATIENCE_S = 15.0


def is_running(*argv: str) -> bool:
    """Return whether a process with exactly these words runs."""
    wanted = [word.encode() for word in argv]
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes().split(b"\0")[:-1] == wanted:
                return True
    return False


def has_ended(*argv: str) -> bool:
    """Return whether no such process runs; one that was just killed gets time to die."""
    deadline = time.monotonic() + _PATIENCE_S
    while is_running(*argv) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(*argv)


def start_in(folder: str, *argv: str) -> subprocess.Popen[bytes]:
    """Start a program that nobody waits for, as one lives on when its phone is unplugged."""
    process = subprocess.Popen(argv, cwd=folder, start_new_session=True)  # noqa: S603
    deadline = time.monotonic() + _PATIENCE_S
    while not is_running(*argv) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_running(*argv)
    return process
