"""A session on the virtual phone that is stored, and told about; and what may be left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from _edgeship.device_bench.devices.adb import AdbDevice
from _edgeship.device_bench.measurement import session
from _edgeship.device_bench.measurement.events import Event, RoundDone, Waiting
from _edgeship.device_bench.results.records import MeasurementSettings, Session
from _edgeship.device_bench.runners.base import Runner
from _edgeship.device_bench.store.store import Store
from tests.phone.phone import Phone


class WatchedSession:
    """A session on the phone that is stored, and told about.

    Attributes:
        events: All of it, in order.
        on_round: Called when the first round is done.
        on_waiting: Called when the session waits for the phone.
    """

    def __init__(self, phone: Phone, folder: Path) -> None:
        self.phone = phone
        self.events: list[Event] = []
        self.on_round: Callable[[], object] = lambda: None
        self.on_waiting: Callable[[], object] = lambda: None
        self._folder = folder

    def run(
        self,
        runner: Runner,
        name: str,
        data: bytes,
        settings: MeasurementSettings,
        *,
        profile: bool = False,
    ) -> Session:
        """Measure a file of this name and content."""
        file = self._folder / name
        file.write_bytes(data)
        device = AdbDevice(self.phone.serial)
        with Store(self._folder / "store.sqlite") as store:

            def tell(event: Event) -> None:
                store.listener(event)
                self.events.append(event)
                if isinstance(event, RoundDone) and len(self.rounds()) == 1:
                    self.on_round()
                if isinstance(event, Waiting):
                    self.on_waiting()

            return session.measure(
                device,
                [runner],
                [file],
                settings,
                command="test",
                profile=profile,
                on_event=tell,
            )

    def rounds(self) -> list[RoundDone]:
        return [event for event in self.events if isinstance(event, RoundDone)]

    def waited_for(self) -> str:
        return " ".join(event.reason for event in self.events if isinstance(event, Waiting))

    def stored(self) -> Session:
        with Store(self._folder / "store.sqlite", create=False) as store:
            [only] = store.sessions()
            return only

    def stored_rounds(self) -> list[int]:
        return [one.number for one in self.stored().measurements[0].rounds]


def assert_nothing_is_left(phone: Phone) -> None:
    """Check that nothing runs on a phone, and nothing lies where adb puts files."""
    # A shell ends a moment after the program that was killed in it.
    deadline = time.monotonic() + 60
    while phone.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert phone.processes() == []
    assert list(phone.path("/data/local/tmp").iterdir()) == []
