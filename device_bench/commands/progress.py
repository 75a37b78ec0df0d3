"""The progress of a measurement: a bar for each device on a terminal, and why a device waits."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from rich.progress import Progress

from _edgeship.device_bench.measurement.events import Event, RoundDone, SessionStarted, Waiting
from _edgeship.terminal.console import print_error, printable
from _edgeship.terminal.invocation import current
from _edgeship.terminal.progress import bars


class ProgressView:
    """Listens to sessions and shows them on stderr; use it as a context manager.

    Where stderr is not a terminal there are no bars, and only waits are announced.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._bars: Progress | None = None
        self._tasks: dict[str, int] = {}
        if sys.stderr.isatty() and not current().quiet:
            self._bars = bars()

    def __enter__(self) -> ProgressView:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def listener(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            if isinstance(event, SessionStarted):
                self._begin(event)
            elif isinstance(event, RoundDone) and self._bars is not None:
                self._bars.advance(self._bars.task_ids[self._tasks[event.session_id]])
            elif isinstance(event, Waiting):
                # A session with an accelerator begins after its checks, which may wait, too.
                name = self._names.get(event.session_id, "before the session")
                self._say(f"{name}: waiting up to {event.seconds:.0f} s for {event.reason}")

    def _begin(self, event: SessionStarted) -> None:
        session = event.session
        self._names[session.id] = session.device.selector
        if self._bars is not None:
            processes = sum(one.settings.rounds for one in session.measurements)
            name = printable(session.device.selector)
            self._tasks[session.id] = len(self._bars.task_ids)
            self._bars.add_task(name, total=processes)

    def _say(self, text: str) -> None:
        if self._bars is None:
            print_error(text)
        else:
            self._bars.console.print(printable(text), markup=False, highlight=False)
