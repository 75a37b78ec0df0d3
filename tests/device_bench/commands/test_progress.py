"""What is shown while a measurement runs."""

from __future__ import annotations

import io
import sys

import pytest

from _edgeship.device_bench.commands.progress import ProgressView
from _edgeship.device_bench.measurement.events import (
    Event,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from tests.device_bench import synthetic


class Screen(io.StringIO):
    """A terminal, or none."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def events() -> list[Event]:
    session = synthetic.session(rounds=2, runs=2)
    empty = tuple(one.model_copy(update={"rounds": ()}) for one in session.measurements)
    return [
        SessionStarted(session.model_copy(update={"measurements": empty})),
        RoundDone(session.id, 0, session.measurements[0].rounds[0]),
        Waiting(session.id, "the device to [cool] \x1b[2J down", 60.0),
        RoundDone(session.id, 1, session.measurements[1].rounds[0]),
        SessionEnded(session.id, True),
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_rounds_and_waiting(monkeypatch, terminal):
    screen = Screen(terminal=terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stderr", screen)
    with ProgressView() as view:
        for event in events():
            view.listener(event)
    shown = screen.getvalue()
    waiting = "adb:R5CT1234: waiting up to 60 s for the device to [cool] \\x1b[2J down"
    assert waiting in shown
    assert ("2/6" in shown) is terminal  # two rounds of three files are six processes
    if not terminal:
        assert shown == f"{waiting}\n"
