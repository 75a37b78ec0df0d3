"""A command line in a process of its own, and whoever waits for it and says how it ended.

Native libraries, and code of the user's, can end the process that they are in. The process that was
started therefore forks at once, before anything is imported, does nothing but wait, and turns a
crash into a sentence and an exit code. That costs a millisecond.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import sys
import time
from typing import NoReturn

from _edgeship.at_risk import Risk, memory_of, noted, shared_page

#: Signals that are sent to the process that was started, and meant for the one that works.
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_AWAITED = {*_PASSED_ON, signal.SIGCHLD}

#: How long a process may take to end after a request; it may be inside of native code.
_GRACE_S = 10.0

#: How often it is looked how much memory the process has, in seconds.
_LOOK_S = 0.5

#: The number of Linux's request that a process ends when its parent does.
_PR_SET_PDEATHSIG = 1

_DO = "check where the file comes from; if it is sound, report it"


def go_on_supervised() -> None:
    """Return in a child; the process itself waits for that, and ends as it does.

    Where the system has no means for it, as macOS, the process goes on itself.
    """
    if not hasattr(signal, "sigtimedwait") or not sys.platform.startswith("linux"):
        return
    page = shared_page()
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    parent = os.getpid()
    child = os.fork()
    if child:
        _wait(child, page)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that
        os._exit(128 + signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)


def _wait(child: int, page: mmap.mmap) -> NoReturn:
    """Wait until a child has ended, and end in the same way."""
    said = ""
    asked: dict[int, float] = {}
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        risk = noted(page)
        if risk.most_bytes and not said and memory_of(child) > risk.most_bytes:
            said = f"it takes more than {risk.gigabytes:.3g} GiB of memory"
            os.kill(child, signal.SIGKILL)
        late = time.monotonic() - _GRACE_S
        if any(when < late for number, when in asked.items() if number != signal.SIGINT):
            os.kill(child, signal.SIGKILL)
        arrived = signal.sigtimedwait(_AWAITED, _LOOK_S)
        if arrived is None or arrived.si_signo not in _PASSED_ON:
            continue
        if signal.getsignal(arrived.si_signo) == signal.SIG_IGN:  # as nohup asks for
            continue
        asked.setdefault(arrived.si_signo, time.monotonic())
        if arrived.si_code <= 0:  # what comes from the terminal has reached the child, too
            os.kill(child, arrived.si_signo)  # a child that has ended is there until it is awaited
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    if not said and -code in asked:
        _end_by(-code)
    if not said and asked and code == -signal.SIGKILL:
        _end_by(next(iter(asked)))
    risk = noted(page)
    with contextlib.suppress(OSError):  # there may be no standard error, or nobody who reads it
        os.write(2, _in_words(risk, -code, said).encode(errors="replace"))
    os._exit(risk.exit_code)


def _end_by(number: int) -> None:
    """End this process by a signal, as the child was: shells look at that."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)


def _in_words(risk: Risk, number: int, said: str) -> str:
    """Return the error for the end of the process, as the command line prints others."""
    from _edgeship.errors import EdgeshipError

    doing = "".join(c if c.isprintable() else "\ufffd" for c in risk.doing)
    if not said and number == signal.SIGPROF and risk.seconds:
        said = f"it was not done after computing for {risk.seconds:g} s"
    if not said:
        memory = "; perhaps the memory ran out" if number == signal.SIGKILL else ""
        said = f"the process was ended by the signal {signal.Signals(number).name}{memory}"
    what = f"{doing} failed." if doing else "The command was ended."
    cursor = "\x1b[?25h" if os.isatty(2) else ""  # a progress bar hides it
    return f"{cursor}error: {EdgeshipError(what, why=said, todo=_DO)}\n"
