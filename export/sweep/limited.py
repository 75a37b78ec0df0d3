"""A job in a process of its own, which is ended when it takes more memory or time than it may."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _edgeship.export.runtimes.child import end_group, ending, memory_with_children
from _edgeship.export.sweep.jobs import Ending, Job, Message, Outcome
from _edgeship.terminal.entry import ROOT
from _edgeship.work_folders import temporary_folder

#: The folder that holds our packages comes first on the path, and not the one that we stand in.
_START = (
    "import sys; sys.path[:1] = [sys.argv.pop(1)]; from _edgeship.export.sweep.program import main;"
    " main()"
)

#: Seconds between two looks at memory and time.
_LOOK = 0.1


def run_limited(
    job: Job, folder: Path, stop: threading.Event | None = None, threads: int = 1
) -> Iterator[Message | Outcome]:
    """Do a job; yield what it says, and last how it ended. Nothing of it runs then.

    Args:
        job: What to do; it runs in ``job.root``.
        folder: An empty folder for its files.
        stop: Set it to end the job early.
        threads: For the arithmetic of its process.
    """
    began, peak, buffer = time.monotonic(), 0, b""
    returned: dict[str, Any] | None = None
    kind: Ending | None = None
    with temporary_folder() as own:
        log = own / "printed.txt"
        process, answers = _start(job, folder, log, threads)
        waiting = selectors.DefaultSelector()
        waiting.register(answers, selectors.EVENT_READ)
        try:
            while kind is None:
                ended = process.poll() is not None
                readable = waiting.select(0 if ended else _LOOK)
                chunk = os.read(answers, 1 << 16) if readable else b""
                buffer += chunk
                *lines, buffer = buffer.split(b"\n")
                for answer in map(json.loads, lines):
                    if "message" in answer:
                        yield Message(job.id, answer["message"])
                    else:
                        returned = answer
                if returned is not None or (ended and not chunk):
                    break
                peak = max(peak, memory_with_children(process.pid, job.memory_bytes))
                if peak > job.memory_bytes:
                    kind = "memory"
                elif time.monotonic() - began > job.seconds:
                    kind = "time"
                elif stop is not None and stop.is_set():
                    kind = "lost"
            if returned is None and kind is None:
                process.wait()
        finally:
            code = process.poll()
            end_group(process)
            if process.stdin is not None:
                process.stdin.close()
            waiting.close()
            os.close(answers)
        yield _outcome(job, kind, returned, code, log, time.monotonic() - began, peak)


def _start(job: Job, folder: Path, log: Path, threads: int) -> tuple[subprocess.Popen[bytes], int]:
    """Return the process, and the end of the pipe that its answers come from."""
    answers, theirs = os.pipe()
    order = {"function": job.function, "payload": dict(job.payload), "folder": str(folder)}
    try:
        with log.open("wb") as sink:
            process = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, "-c", _START, str(ROOT), str(theirs)],
                cwd=job.root,
                env={"OMP_NUM_THREADS": str(threads), **os.environ},
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                start_new_session=True,
            )
    finally:
        os.close(theirs)
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it has died: its end says how
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
    return process, answers


def _outcome(
    job: Job,
    kind: Ending | None,
    returned: dict[str, Any] | None,
    code: int | None,
    log: Path,
    seconds: float,
    peak: int,
) -> Outcome:
    value: dict[str, Any] = {}
    if returned is not None and "returned" in returned:
        kind, value, why = "done", returned["returned"], ""
    elif kind == "memory" or (returned is not None and "memory" in returned):
        kind = "memory"
        why = f"It took more than {job.memory_bytes / 1e9:.2g} GB of memory, and was ended."
    elif kind == "time":
        why = f"It did not end within {job.seconds / 60:.2g} minutes, and was killed."
    elif kind == "lost":
        why = "It was stopped."
    elif returned is not None:
        kind, why = "died", f"An error of edgeship's own: {returned['raised']['why']}"
    else:
        kind = "died"
        how = ending(code or 0, log)
        why = f"{how[0].upper()}{how[1:]}."
    return Outcome(job.id, kind, value, why, seconds, peak)
