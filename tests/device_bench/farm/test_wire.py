"""Events are the same after a way through JSON, and a phone is had by one at a time."""

from __future__ import annotations

import json
import threading

import pytest

from _edgeship.device_bench.farm.phone_jobs import alone
from _edgeship.device_bench.farm.wire import from_json, to_json
from _edgeship.device_bench.measurement.events import (
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from tests.device_bench.synthetic import session


def events():
    made = session(rounds=1)
    one = made.measurements[0]
    return [
        SessionStarted(made),
        MeasurementChanged("s", 0, one),
        RoundDone("s", 0, one.rounds[0]),
        Waiting("s", "heat", 2.5),
        SessionEnded("s", True),
    ]


@pytest.mark.parametrize("place", range(5))
def test_events_travel(place):
    event = events()[place]

    assert from_json(json.loads(json.dumps(to_json(event)))) == event


def test_a_phone_is_had_by_one_farm_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path))
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with alone("adb:1:2", lambda value: (order.append(value["busy"]), waits.set())):
            order.append("second")

    with alone("adb:1:2", lambda value: order.append("never")):
        with alone("adb:other", lambda value: order.append("never")):
            pass
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join()

    assert order == ["adb:1:2", "first", "second"]
