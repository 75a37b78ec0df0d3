"""Work that a hostile file can end the whole process by: it crashes, or goes on for ever.

Native libraries read files that come from anywhere. Where a command line does so, it runs in a
process of its own (`terminal.supervised`), and notes here what it is about to do. Whoever waits for
it then says in one sentence what ended it. In a process that nobody waits for, such as a notebook
that calls the Python API, nothing is noted and nothing is limited.
"""

from __future__ import annotations

import json
import mmap
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

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
        gigabytes: How much memory the process may have meanwhile; 0 for any.
    """

    doing: str = ""
    exit_code: int = 2
    seconds: float = 0.0
    gigabytes: float = 0.0


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
    """Note what is being done, until the end of the block; see `Risk`."""
    page = _page
    if page is None:
        yield
        return
    before = noted(page)
    timer = signal.getitimer(signal.ITIMER_PROF)
    _note(page, Risk(doing[:_MOST_CHARACTERS], exit_code, seconds, gigabytes))
    # Nothing catches this signal, and its default action needs no cooperation of native code.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, *timer)
        _note(page, before)


def _note(page: mmap.mmap, risk: Risk) -> None:
    data = json.dumps(asdict(risk)).encode()
    page[:] = data[:_PAGE_BYTES].ljust(_PAGE_BYTES, b"\0")
