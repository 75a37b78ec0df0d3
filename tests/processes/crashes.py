"""Functions that end the process which calls them, for processes of their own."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from _edgeship.errors import UnsupportedError


def add(number: int, array: np.ndarray) -> Any:
    """Return something."""
    return {"sum": array + number, "pid": os.getpid()}


def segfault() -> None:
    """Read from nowhere."""
    ctypes.string_at(0)


def leave() -> None:
    """End as C libraries do that check what they are given."""
    sys.stderr.write("check failed: 1 < 0\n")
    sys.stderr.flush()
    os._exit(7)


def forever() -> None:
    """Never return."""
    while True:
        time.sleep(1)


def lie() -> object:
    """Return something that would run code where it is read."""
    return _Lie()


class _Lie:
    def __reduce__(self) -> Any:
        return os.system, ("echo owned > owned.txt",)


def eat() -> None:
    """Take 200 MiB of memory."""
    held = b"x" * (200 << 20)
    time.sleep(60)
    del held


def bug() -> None:
    """Fail as no function of ours should."""
    raise KeyError("x")


def refuse() -> None:
    """Fail as functions of ours do."""
    raise UnsupportedError("It cannot be.", todo="do not")


class Meeting:
    """An object whose method returns as soon as so many threads are in it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._barrier = threading.Barrier(count)

    def meet(self) -> None:
        """Wait for the others."""
        self._barrier.wait(30)

    def met(self) -> int:
        """Return how many may meet."""
        return self._count

    def crash(self) -> None:
        """Wait for the others, and end."""
        self._barrier.wait(30)
        os.abort()

    def pid(self) -> int:
        """Return the number of the process."""
        return os.getpid()


def wait_for_the_end_of(pid: int) -> None:
    """Wait until a process is gone, or dead and not yet awaited.

    Raises:
        TimeoutError: It goes on.
    """
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    raise TimeoutError(f"{pid} goes on")


#: In the name of a graph whose file crashes ONNX Runtime at the second picture, for the tests.
MARK = b"crash me"


def open_or_crash(data: bytes, threads: int | None = None) -> Any:
    """Return what runs a .onnx file, as `open_optimized` does; a file with `MARK` ends that."""
    from _edgeship.export.onnx.optimized import open_optimized

    run = open_optimized(data, threads)
    calls = []

    def counted(sample: Any) -> Any:
        calls.append(0)
        if MARK in data and len(calls) > 2:
            os.abort()
        return run(sample)

    return counted


def run_or_crash(data: bytes, samples: Any) -> Any:
    """Return what a .onnx file gives, as `run_optimized` does; a file with `MARK` ends that."""
    run = open_or_crash(data)
    return [run(sample) for sample in samples]
