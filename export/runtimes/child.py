"""Programs that run in a process of their own, because they may crash or hang."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil


def run_program(
    program: Path, arguments: Sequence[str], log: Path, limit_s: float, env: Mapping[str, str]
) -> str:
    """Run one of our Python programs to its end; its whole process group is gone afterwards.

    Args:
        program: A file that imports nothing of edgeship.
        arguments: Its arguments.
        log: Where its standard error goes.
        limit_s: Seconds until it is killed.
        env: Its environment.

    Returns:
        How it failed, in the middle of a sentence; "" if it ended well.
    """
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, str(program), *arguments],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=sink,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return late(limit_s)
        finally:
            end_group(process)
    return "" if code == 0 else ending(code, log)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, and all that it started."""
    with contextlib.suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def memory_with_children(pid: int, most: float) -> int:
    """Return the resident bytes of a process and of all that it has started.

    Pages that children share with it count once where the sum is above ``most``, and else again:
    to tell them apart takes 20 ms for each GB.
    """
    try:
        leader = psutil.Process(pid)
        children = leader.children(recursive=True)
        own = _bytes_of(leader, "rss")
    except psutil.NoSuchProcess:  # it has just ended
        return 0
    total = own + sum(_bytes_of(one, "rss") for one in children)
    return total if total <= most else own + sum(_bytes_of(one, "uss") for one in children)


def _bytes_of(process: psutil.Process, kind: str) -> int:
    """Return the resident bytes of a process, or those that are its own; 0 if it has ended."""
    try:
        info = process.memory_info() if kind == "rss" else process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, kind))


def late(limit_s: float) -> str:
    """Return that a program took too long, in the middle of a sentence."""
    return f"it did not finish within {limit_s:g} s"


def ending(code: int, log: Path) -> str:
    """Return how a process ended, in the middle of a sentence.

    Args:
        code: Its exit code; negative for a signal.
        log: What it wrote to standard error.
    """
    if code < 0:
        name = signal.Signals(-code).name
        memory = "; perhaps the memory ran out" if name == "SIGKILL" else ""
        return f"its process was ended by the signal {name}{memory}"
    lines = log.read_text(errors="replace").strip().splitlines()
    said = f": {lines[-1]}" if lines else ""
    return f"its process ended itself with exit code {code}{said}"
