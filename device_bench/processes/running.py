"""Run a program on the host and wait for its end, with bounds on time and output."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import IO

from _edgeship.device_bench.processes.base import Completed, DeviceTimeout
from _edgeship.device_bench.processes.lines import Lines
from _edgeship.device_bench.processes.words import last_lines
from _edgeship.errors import DeviceError

#: The most that a program may print; a runner's report is a few hundred kilobytes.
MAX_OUTPUT_BYTES = 16 << 20

_CHUNK_BYTES = 1 << 16

# How long to wait for more output after a program has ended: its children may hold the pipes open.
_GRACE_S = 0.2


def run_process(
    argv: Sequence[str],
    *,
    timeout: float,
    on_line: Callable[[str], None] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> Completed:
    """Run a program in a process group of its own, and leave nothing of the group running.

    Args:
        argv: The program and its arguments.
        timeout: Seconds until it is killed.
        on_line: Called with each line of standard output as it arrives, without its newline.
        stdin: What it reads; nothing by default.
        stdout: Where its output goes instead of into the result.

    Returns:
        Exit code, output and errors. The code is 128 + N after signal N, and 127 or 126 for a
        program that cannot be started, as in a shell.

    Raises:
        DeviceTimeout: It did not end in time, and was killed.
        DeviceError: An argument holds a zero byte, or more than `MAX_OUTPUT_BYTES` were printed.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  a list, never through a shell
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return Completed(126 if isinstance(error, PermissionError) else 127, "", str(error))
    except ValueError as error:
        raise DeviceError("A program cannot be started.", why=str(error)) from error
    out, err = Lines(on_line), Lines(None)
    ended = False
    try:
        ended = _read(process, out, err, time.monotonic() + timeout)
    except TimeoutError as error:
        raise DeviceTimeout(
            f"A program did not end within {timeout:g} s, and was killed.",
            why=last_lines(err.text()) or last_lines(out.text()),
        ) from error
    finally:
        if not ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
    code = process.returncode
    return Completed(code if code >= 0 else 128 - code, out.text(), err.text())


def _read(process: subprocess.Popen[bytes], out: Lines, err: Lines, deadline: float) -> bool:
    """Read until the end; return whether all pipes were closed, which shows that nothing runs."""
    received = 0
    quiet_since: float | None = None
    with selectors.DefaultSelector() as waiting:
        for pipe, lines in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ, lines)
        while waiting.get_map():
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError
            if process.poll() is not None:
                quiet_since = quiet_since or now
                if now - quiet_since > _GRACE_S:
                    for key in waiting.get_map().values():
                        key.data.add(b"")
                    return False
            for key, _ in waiting.select(min(0.05, deadline - now)):
                quiet_since = None
                data = os.read(key.fd, _CHUNK_BYTES)
                received += len(data)
                if received > MAX_OUTPUT_BYTES:
                    raise DeviceError(
                        f"A program printed more than {MAX_OUTPUT_BYTES >> 20} MiB, and was "
                        "killed.",
                        why=f"It ended with: {last_lines(out.text())}",
                    )
                key.data.add(data)
                if not data:
                    waiting.unregister(key.fileobj)
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return True
