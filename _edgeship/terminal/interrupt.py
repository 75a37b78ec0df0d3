"""Ctrl-C, remembered: torch turns the exception into others while it imports or exports."""

from __future__ import annotations

import signal
from types import FrameType

_seen = False


def install() -> None:
    """Remember every Ctrl-C from now on; it raises KeyboardInterrupt as before."""
    signal.signal(signal.SIGINT, _handle)


def seen() -> bool:
    """Return whether Ctrl-C was pressed."""
    return _seen


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed and the exception was swallowed."""
    if _seen:
        raise KeyboardInterrupt


def _handle(number: int, frame: FrameType | None) -> None:
    global _seen
    _seen = True
    raise KeyboardInterrupt
