"""The processes on this computer: whether they run, and on which cores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PATIENCE_S = 60.0


def is_running(*argv: str) -> bool:
    """Return whether a process with exactly this command line runs."""
    wanted = [word.encode() for word in argv]
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes().split(b"\0")[:-1] == wanted:
                return True
    return False


def has_ended(*argv: str) -> bool:
    """Return whether no such process runs; one that was just killed gets some time to end."""
    deadline = time.monotonic() + _PATIENCE_S
    while is_running(*argv) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(*argv)


def cores_in(folder: str) -> set[int]:
    """Return the cores that may run what runs in a folder; none while nothing does."""
    cores: set[int] = set()
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if str(link.readlink()) == folder:
                cores |= os.sched_getaffinity(int(link.parent.name))
    return cores


def last_cores_in(folder: str, work: Callable[[], object]) -> set[int]:
    """Do some work, and return which cores might last run what it started in a folder."""
    cores: set[int] = set()
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        while not future.done():
            cores = cores_in(folder) or cores
            time.sleep(0.005)
        future.result()
    return cores


def start_in(folder: str, *argv: str) -> subprocess.Popen[bytes]:
    """Start a program that nobody waits for, like one on a phone that was unplugged."""
    process = subprocess.Popen(argv, cwd=folder, start_new_session=True)  # noqa: S603
    deadline = time.monotonic() + _PATIENCE_S
    while not is_running(*argv) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_running(*argv)
    return process
