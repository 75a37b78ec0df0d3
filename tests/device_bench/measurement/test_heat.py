"""Cooling down, and which runs count as throttled."""

from __future__ import annotations

import threading

import pytest

from _edgeship.device_bench.measurement import heat
from _edgeship.device_bench.measurement.heat import (
    Cooling,
    Readings,
    processor_sensors,
    throttled_runs,
)
from _edgeship.device_bench.measurement.pause import Pause
from _edgeship.device_bench.results.records import Conditions, Process
from tests.device_bench.measurement.fakes import PHONE, cool
from tests.device_bench.synthetic import GRANTED

RUNS = Process(runner="native", runtime="LiteRT", init=1, first=1, runs=(10, 11, 12))


def app(**changes: object) -> Process:
    """The same runs in an app, under conditions with changes."""
    granted = GRANTED.model_copy(update={"sustained_performance": False, **changes})
    return RUNS.model_copy(update={"runner": "app", "app": granted})


class Told(Pause):
    """A pause that takes no time and remembers what it was told."""

    def __init__(self) -> None:
        self.reasons: list[tuple[str, float]] = []
        self.slept = 0.0
        super().__init__(
            lambda reason, seconds: self.reasons.append((reason, seconds)), threading.Event()
        )

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def cooling(*states: Conditions) -> tuple[Cooling, Told]:
    """A device that is in these states one after the other, and stays in the last."""
    left = list(states)
    pause = Told()
    return Cooling(lambda: left.pop(0) if len(left) > 1 else left[0], pause), pause


def at(**temperatures: float) -> Conditions:
    return cool(temperatures=temperatures)


def test_the_start_is_what_is_waited_for():
    cooler, pause = cooling(at(cpu=35), at(cpu=70), at(cpu=50), at(cpu=39))
    assert cooler.settle().temperatures == {"cpu": 35}
    assert cooler.settle().temperatures == {"cpu": 39}
    assert pause.reasons == [
        ("the device to cool down: 70 °C at cpu, 35 °C at the start", heat.PATIENCE)
    ]


@pytest.mark.parametrize(("above", "waits"), [(heat.BAND, False), (heat.BAND + 0.1, True)])
def test_within_the_band_nothing_is_waited_for(above, waits):
    cooler, pause = cooling(at(cpu=35), at(cpu=35 + above))
    cooler.settle()
    cooler.settle()
    assert (pause.slept > 0) == waits


def test_a_device_that_stays_warm_is_measured_warm():
    cooler, pause = cooling(at(cpu=35), at(cpu=70))
    cooler.settle()
    assert cooler.settle().temperatures == {"cpu": 70}
    assert heat.PATIENCE <= pause.slept < heat.PATIENCE + 5
    cooler.settle()
    assert len(pause.reasons) == 1  # from now on 70 °C is what is waited for


def test_the_battery_is_not_waited_for():
    cooler, pause = cooling(at(cpu=35, battery=25), at(cpu=35, battery=38))
    cooler.settle()
    cooler.settle()
    assert pause.slept == 0
    assert processor_sensors(at(battery=25, skin=30)) == {"battery": 25, "skin": 30}


@pytest.mark.parametrize("status", [1, 2])
def test_androids_word_is_waited_for_even_at_the_start(status):
    cooler, pause = cooling(cool(thermal_status=status), cool(thermal_status=0))
    assert cooler.settle().thermal_status == 0
    assert f"thermal status {status}" in pause.reasons[0][0]


def test_a_device_without_sensors_is_never_waited_for():
    cooler, pause = cooling(at(), at())
    cooler.settle()
    cooler.settle()
    assert pause.slept == 0


def test_a_pause_ends_when_the_session_stops():
    stop = threading.Event()
    pause = Pause(lambda reason, seconds: None, stop)
    pause.check()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        pause.sleep(60)
    with pytest.raises(KeyboardInterrupt):
        pause.check()


@pytest.mark.parametrize(
    ("process", "after", "pinned", "expected"),
    [
        (RUNS, cool(), (), (False,) * 3),
        # What Android told the app, before or after the runs.
        (app(), cool(), (), (False,) * 3),
        (app(thermal_status=2), cool(), (), (True,) * 3),
        (app(thermal_status_after=3, sustained_performance=True), cool(), (), (True,) * 3),
        # The mode for steady speed holds the clocks down without any heat.
        (app(sustained_performance=True), cool(mhz_cap={0: 1000}), (), (False,) * 3),
        (app(sustained_performance=False), cool(mhz_cap={0: 1000}), (), (True,) * 3),
        # The runner's notes for each run.
        (
            RUNS.model_copy(update={"capped": (False, True, False)}),
            cool(),
            (),
            (False, True, False),
        ),
        # Android's word, whatever the runner saw.
        (
            RUNS.model_copy(update={"capped": (False,) * 3}),
            cool(thermal_status=2),
            (),
            (True,) * 3,
        ),
        # LIGHT may leave the cores alone.
        (RUNS, cool(thermal_status=1), (), (False,) * 3),
        # Without notes: the caps around the process, of the cores that it may use.
        (RUNS, cool(mhz_cap={0: 1800, 1: 2000}), (), (True,) * 3),
        (RUNS, cool(mhz_cap={0: 1800, 1: 2000}), (0,), (False,) * 3),
        (RUNS, cool(mhz_cap={0: 1800, 1: 2800}), (), (False,) * 3),
        # Notes that do not fit the runs are none.
        (RUNS.model_copy(update={"capped": (True,)}), cool(), (), (False,) * 3),
    ],
)
def test_throttled_runs(process, after, pinned, expected):
    assert throttled_runs(process, cool(), after, PHONE.cores, pinned) == expected
    assert throttled_runs(process, after, cool(), PHONE.cores, pinned) == expected


def test_a_reading_between_two_processes_is_made_once():
    states = [at(cpu=degrees) for degrees in (30, 31, 32, 33)]
    left = list(states)
    readings = Readings(lambda: left.pop(0))
    assert readings.before() is states[0]
    assert readings.after() is readings.before() is states[1]
    # A process that was interrupted begins again with a new one, and so does a wait for heat to go.
    assert readings.before() is states[2]
    assert readings.before() is states[3]
