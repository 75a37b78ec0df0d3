"""The process that runs nothing itself, and forks one for each untrusted file."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from _edgeship.terminal.entry import ROOT

#: What processes need that read a graph and run a .tflite file, for `begin`. ONNX Runtime is not
#: among it: importing it begins a thread, which a fork would lose.
READING = ("_edgeship.export.checks.subject", "ai_edge_litert.interpreter")

_PROGRAM = Path(__file__).with_name("apart_program.py")


class Starter:
    """The process that forks others, and the socket by which it is asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.owner = os.getpid()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, str(_PROGRAM), str(ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def begin(self, warm: Collection[str]) -> None:
        """Have modules imported."""
        self._say({"warm": [*warm]}, ())

    def fork(self, lines: int, warm: Collection[str]) -> tuple[list[socket.socket], socket.socket]:
        """Return the lines to a new process, and where its number and its end are told."""
        pairs = [socket.socketpair() for _ in range(lines + 1)]
        try:
            self._say({"warm": [*warm]}, [theirs.fileno() for _, theirs in pairs])
        finally:
            for _, theirs in pairs:
                theirs.close()
        *ours, status = (ours for ours, _ in pairs)
        status.settimeout(None)
        return ours, status

    def end(self, pid: int, said: str) -> None:
        """End a process."""
        with suppress(OSError):
            self._say({"end": pid, "said": said}, ())

    def alive(self) -> bool:
        """Return whether it is there, and belongs to this process and to no parent of it."""
        return self.owner == os.getpid() and self._process.poll() is None

    def close(self) -> None:
        """End it and all that it has forked, also while it imports something."""
        self._control.close()
        if self.owner == os.getpid():
            self._process.kill()  # those that it has forked end with it
            self._process.wait()

    def _say(self, order: dict[str, Any], files: Sequence[int]) -> None:
        with self._lock:
            socket.send_fds(self._control, [json.dumps(order).encode()], list(files))


_lock = threading.Lock()
_the_starter: Starter | None = None
_here = False


def stay_here() -> None:
    """Run files in this process from now on: it is one that may crash."""
    global _here
    _here = True


def begin(*modules: str) -> None:
    """Start the process that forks others, and have it import modules meanwhile.

    Args:
        *modules: Names of modules of ours, or of the runtimes'.
    """
    starter = the_starter()
    if starter is not None:
        starter.begin(modules)


def the_starter() -> Starter | None:
    """Return the process that forks; None where files run in this one."""
    global _the_starter
    if _here or not sys.platform.startswith("linux") or not sys.executable:
        return None
    with _lock:
        if _the_starter is None or not _the_starter.alive():
            if _the_starter is not None:
                _the_starter.close()
            _the_starter = Starter()
            atexit.register(_the_starter.close)
        return _the_starter
