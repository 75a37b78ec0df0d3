"""Ctrl-C and other requests to end, remembered: torch turns the exception into others.

`kill` and a terminal that is closed end a command as Ctrl-C does: it removes what it was making.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

#: Requests to end beside Ctrl-C.
_OTHERS = (signal.SIGTERM, signal.SIGHUP)

#: A request that comes so soon after another is the same: it went to a whole group of processes,
#: and was passed on as well. It must not end the cleaning up.
_SAME_S = 1.0

_seen: int | None = None
_when = 0.0


def install() -> None:
    """Remember every request to end from now on; it raises KeyboardInterrupt.

    Who started the command may have it ignore the others, as nohup does.
    """
    signal.signal(signal.SIGINT, _handle)
    for number in _OTHERS:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _handle)


def seen() -> bool:
    """Return whether somebody asked to end."""
    return _seen is not None


def exit_code() -> int:
    """Return the exit code of a command that was asked to end: 130 after Ctrl-C, as in shells."""
    return 128 + (_seen or signal.SIGINT)


def check() -> None:
    """Raise KeyboardInterrupt if somebody asked to end and the exception was swallowed."""
    if _seen is not None:
        raise KeyboardInterrupt


def _handle(number: int, frame: FrameType | None) -> None:
    global _seen, _when
    now = time.monotonic()
    same = _seen is not None and now - _when < _SAME_S
    _seen, _when = _seen or number, now
    if same:
        return
    raise KeyboardInterrupt
