"""Waiting that is told to the user and ends at once when the session is to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pause:
    """How a session waits.

    Args:
        announce: Told the reason, and the seconds that it may take at most.
        stop: Set when the session is to end.
    """

    def __init__(self, announce: Callable[[str, float], None], stop: threading.Event) -> None:
        self.announce = announce
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            KeyboardInterrupt: The session is to end.
        """
        if self._stop.wait(seconds):
            raise KeyboardInterrupt

    def check(self) -> None:
        """Do not wait.

        Raises:
            KeyboardInterrupt: The session is to end.
        """
        self.sleep(0)
