"""Forks a process for each untrusted file, and says how that ended.

``apart_program.py ROOT CONTROL``: ROOT is the folder that holds our packages, CONTROL the number of
a socket. It imports what the files' processes need once, runs nothing itself, and therefore has no
threads that a fork could break. It ends, with all of them, when the socket is closed.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import mmap
import os
import select
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, NoReturn

#: Seconds between two looks at the processes.
_LOOK_S = 0.05

#: The most lines of one process: Linux passes on 253 files at once.
MOST_LINES = 128

_PR_SET_PDEATHSIG = 1

#: How much of the last line that a process printed is told.
_SHOWN = 300


@dataclass
class _Child:
    """A process that has been forked.

    Attributes:
        status: Where its end is told.
        page: Where it notes what it does; see `at_risk`.
        printed: What it printed.
        said: Why it was ended, or "".
    """

    status: socket.socket
    page: mmap.mmap
    printed: IO[bytes]
    said: str = ""


def main() -> None:
    """Fork whenever that is asked for."""
    sys.path[0] = sys.argv[1]
    importlib.import_module("_edgeship.export.runtimes.apart_words")
    control = socket.socket(fileno=int(sys.argv[2]))
    children: dict[int, _Child] = {}
    while True:
        ready, _, _ = select.select([control], [], [], _LOOK_S if children else None)
        if ready and not _answer(control, children):
            for pid in children:
                _kill(pid)
            return
        for pid in list(children):
            if _look_at(pid, children[pid]):
                del children[pid]


def _answer(control: socket.socket, children: dict[int, _Child]) -> bool:
    """Do what is asked; return False if nobody is there any more to ask."""
    data, files, _, _ = socket.recv_fds(control, 1 << 16, MOST_LINES + 1)
    if not data:
        return False
    order = json.loads(data)
    if "end" in order:
        child = children.get(order["end"])
        if child is not None:
            child.said = order["said"]
            _kill(order["end"])
        return True
    for module in order["warm"]:
        with contextlib.suppress(ImportError):  # the process that needs it will say so
            importlib.import_module(module)
    if files:
        *lines, status = (socket.socket(fileno=number) for number in files)
        pid, child = _forked(control, lines, status, children)
        children[pid] = child
        with contextlib.suppress(OSError):  # whoever asked is gone
            status.sendall(pid.to_bytes(8, "little"))
        for line in lines:
            line.close()
    return True


def _forked(
    control: socket.socket,
    lines: Sequence[socket.socket],
    status: socket.socket,
    children: dict[int, _Child],
) -> tuple[int, _Child]:
    from _edgeship.at_risk import shared_page

    page = shared_page()
    printed = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        _lead_a_group(pid)
        return pid, _Child(status, page, printed)
    try:
        _lead_a_group(0)
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for one in (control, status, *(child.status for child in children.values())):
            one.close()
        for number in (1, 2):
            os.dup2(printed.fileno(), number)
        serve(lines)
    finally:
        os._exit(1)


def _lead_a_group(pid: int) -> None:
    """Give a process a group of its own; it and we do so, since either may be first."""
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)


def _kill(pid: int) -> None:
    """Kill a process and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _look_at(pid: int, child: _Child) -> bool:
    """Return whether a process has ended, and tell that; end it if it takes too much memory."""
    from _edgeship.at_risk import memory_of, noted

    risk = noted(child.page)
    if risk.most_bytes and not child.said and memory_of(pid) > risk.most_bytes:
        child.said = f"it takes more than {risk.gigabytes:.3g} GiB of memory"
        _kill(pid)
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return False
    _kill(pid)  # what it has started
    code = os.waitstatus_to_exitcode(status)
    told = {
        "doing": risk.doing,
        "exit_code": risk.exit_code,
        "said": child.said or _in_words(code, risk.seconds, child.printed),
    }
    with contextlib.suppress(OSError):  # nobody asks any more
        child.status.sendall(json.dumps(told).encode())
    child.status.close()
    child.printed.close()
    child.page.close()
    return True


def _in_words(code: int, seconds: float, printed: IO[bytes]) -> str:
    """Return how a process ended, in the middle of a sentence."""
    if code == -signal.SIGPROF and seconds:
        return f"it was not done after computing for {seconds:g} s"
    printed.seek(0, os.SEEK_END)
    printed.seek(max(0, printed.tell() - 4 * _SHOWN))
    lines = printed.read().decode(errors="replace").strip().splitlines()
    last = "".join(c if c.isprintable() else "\ufffd" for c in lines[-1][:_SHOWN]) if lines else ""
    said = f": {last}" if last else ""
    if code >= 0:
        return f"its process ended itself with exit code {code}{said}"
    memory = "; perhaps the memory ran out" if code == -signal.SIGKILL else ""
    return f"its process was ended by the signal {signal.Signals(-code).name}{memory}{said}"


def serve(lines: Sequence[socket.socket]) -> NoReturn:
    """Make an object, and answer calls of it on each line, until the first line is closed."""
    from _edgeship.at_risk import at_risk
    from _edgeship.export.runtimes.apart_words import read, write

    made: list[Any] = []
    make, arguments, doing, exit_code, gib, folder = read(lines[0])
    os.chdir(folder or "/")
    risk = contextlib.ExitStack()  # it never ends: neither does what the object does
    risk.enter_context(at_risk(doing, exit_code=exit_code, gigabytes=gib))
    write(lines[0], _result(lambda: made.append(make(*arguments))))

    def answer(line: socket.socket) -> None:
        with contextlib.suppress(EOFError, OSError):  # the other end is closed
            while True:
                method, arguments = read(line)
                called = getattr(made[0], method) if method else made[0]
                write(line, _result(lambda c=called, a=arguments: c(*a)))  # type: ignore[misc]

    for line in lines[1:]:
        threading.Thread(target=answer, args=(line,), daemon=True).start()
    answer(lines[0])
    os._exit(0)


def _result(call: Callable[[], Any]) -> tuple[str, Any]:
    """Return what a call returned, or what it raised, in words."""
    import traceback

    from _edgeship.errors import EdgeshipError, InputError

    try:
        return "returned", call()
    except EdgeshipError as error:
        return "raised", (type(error).__name__, error.what, error.where, error.why, error.todo)
    except MemoryError:
        return "raised", (InputError.__name__, "The memory ran out.", "", "", "")
    except Exception as error:
        return "failed", (f"{type(error).__name__}: {error}", traceback.format_exc())


if __name__ == "__main__":
    main()
