"""Keep the lines that native libraries print to standard error off the user's terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Captured:
    """What was written to standard error; filled when the block ends."""

    text: str = ""

    def without_chatter(self) -> str:
        """Return the text without the lines that report nothing wrong, joined by spaces."""
        lines = (line.strip() for line in self.text.splitlines())
        return " ".join(line for line in lines if line and not line.startswith("INFO:"))


@contextmanager
def captured_stderr() -> Iterator[Captured]:
    """Send file descriptor 2 to a temporary file for the length of the block.

    The runtimes log from C++, past `sys.stderr`, so the descriptor itself is redirected. That
    holds for the whole process: what other threads write meanwhile is captured too. It is put
    back whatever the block raises; a process started without a standard error is left alone.
    """
    captured = Captured()
    try:
        saved = os.dup(2)
    except OSError:
        # There is no descriptor 2, so there is no terminal to keep clean.
        yield captured
        return
    with tempfile.TemporaryFile() as sink:
        _flush()
        os.dup2(sink.fileno(), 2)
        try:
            yield captured
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            captured.text = sink.read().decode(errors="replace")


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
