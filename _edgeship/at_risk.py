"""Work that a hostile file can end the whole process by: it crashes, or goes on for ever.

Native libraries read files that come from anywhere. Where a command line does so, it runs in a
process of its own (`terminal.supervised`), and notes here what it is about to do. Whoever waits for
it then says in one sentence what ended it. In a process that nobody waits for, such as a notebook
that calls the Python API, nothing is noted and nothing is limited.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

#: Room for what is noted.
_PAGE_BYTES = 4096

#: What a name of the user's may take of that.
_MOST_CHARACTERS = 300

_page: mmap.mmap | None = None


@dataclass(frozen=True)
class Risk:
    """What is being done.

    Attributes:
        doing: What, as the beginning of a sentence: "Reading net.onnx".
        exit_code: That of the error if it ends the process.
        seconds: How long it may compute, all threads together; 0 for any time.
        gigabytes: How much more memory the process may take meanwhile; 0 for any.
        most_bytes: The same in bytes, with what the process had before.
    """

    doing: str = ""
    exit_code: int = 2
    seconds: float = 0.0
    gigabytes: float = 0.0
    most_bytes: int = 0


def shared_page() -> mmap.mmap:
    """Return memory that this process and those forked from it share, in which risks are noted."""
    global _page
    _page = mmap.mmap(-1, _PAGE_BYTES)
    _note(_page, Risk())
    return _page


def noted(page: mmap.mmap) -> Risk:
    """Return what was noted last."""
    try:
        return Risk(**json.loads(page[:].rstrip(b"\0")))
    except ValueError:  # the process ended while it wrote
        return Risk()


@contextmanager
def at_risk(
    doing: str, *, exit_code: int = 2, seconds: float = 0.0, gigabytes: float = 0.0
) -> Iterator[None]:
    """Note what is being done, until the end of the block; see `Risk`.

    Inside of another block, its limits go on where there are no own ones.
    """
    page = _page
    if page is None:
        yield
        return
    before = noted(page)
    most_bytes = int(memory_of(os.getpid()) + gigabytes * 2**30) if gigabytes else 0
    risk = Risk(doing[:_MOST_CHARACTERS], exit_code, seconds, gigabytes, most_bytes)
    if not seconds:
        risk = replace(risk, seconds=before.seconds)
    if not gigabytes:
        risk = replace(risk, gigabytes=before.gigabytes, most_bytes=before.most_bytes)
    _note(page, risk)
    # Nothing catches the signal, and its default action needs no cooperation of native code.
    timer = signal.setitimer(signal.ITIMER_PROF, seconds) if seconds else None
    try:
        yield
    finally:
        if timer is not None:
            signal.setitimer(signal.ITIMER_PROF, *timer)
        _note(page, before)


def memory_of(process: int) -> int:
    """Return how many bytes of memory a process has; 0 if it has ended."""
    try:
        resident = Path(f"/proc/{process}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(resident) * os.sysconf("SC_PAGE_SIZE")


def _note(page: mmap.mmap, risk: Risk) -> None:
    data = json.dumps(asdict(risk)).encode()
    page[:] = data[:_PAGE_BYTES].ljust(_PAGE_BYTES, b"\0")
