"""Waiting that is announced to the user and ends at once when the session is to end."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pause:
    """How a session waits.

    Args:
        announce: Called with the reason for a wait, and the most seconds that it may take.
        stop: Set when the session is to end.
    """

    def __init__(self, announce: Callable[[str, float], None], stop: threading.Event) -> None:
        self.announce = announce
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds.

        Raises:
            KeyboardInterrupt: The session is to end.
        """
        if self._stop.wait(seconds):
            raise KeyboardInterrupt

    def check(self) -> None:
        """Return at once, unless the session is to end.

        Raises:
            KeyboardInterrupt: The session is to end.
        """
        self.sleep(0)
