"""Energy by a battery's counter, against a made-up phone whose energy is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from _edgeship.device_bench.results.battery import Battery
from _edgeship.device_bench.results.energy import Energy, check, energy, energy_text, in_words
from _edgeship.device_bench.results.records import Conditions, Round
from _edgeship.errors import InputError
from tests.device_bench.synthetic import session

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
VOLTS = 4.0
IDLE, BUSY, EVERY = 300, 600, 10

#: Microampere hours that a watt takes out of the battery in a second.
PER_SECOND = 1 / (3.6e-3 * VOLTS)

Counter = Callable[[float], int]


def reading(second: float, counter: Counter, **changes: object) -> Conditions:
    at = (START + timedelta(seconds=second)).isoformat()
    battery = Battery(charge=counter(second), microvolts=int(1e6 * VOLTS), draining=True)
    kept = {"charging": False, "screen_on": True, "battery": battery, **changes}
    return Conditions.model_validate({"at": at, **kept})


def ideal(idle: float, busy: float) -> Callable[[float], float]:
    """Return the charge at a second, with these watts at rest and at work."""
    return lambda second: (
        3e6 - PER_SECOND * (idle * min(second, IDLE) + busy * max(0.0, second - IDLE))
    )


def measured(counter: Counter, **changes: object) -> tuple[list[Conditions], list[Round]]:
    """Return readings at rest and rounds of 1,000 runs of 10 ms, one after the other."""
    model = session(rounds=1).measurements[0].rounds[0]
    process = model.process.model_copy(
        update={"warmup": (), "first": 10**7, "runs": (10**7,) * 999}
    )
    idle = [reading(second, counter) for second in range(0, IDLE + 1, EVERY)]
    rounds = [
        model.model_copy(
            update={
                "number": number,
                "process": process,
                "before": reading(IDLE + EVERY * number, counter, **changes),
                "after": reading(IDLE + EVERY * (number + 1), counter, **changes),
            }
        )
        for number in range(BUSY // EVERY)
    ]
    return idle, rounds


def gauge(
    charge: Callable[[float], float], quantum: int, period: int, offset: float, late: float
) -> Counter:
    """Return a counter that counts in quanta, and is handed on every so many seconds."""

    def counter(second: float) -> int:
        told = max(0.0, (math.floor(second / period - late) + late) * period)
        return int(math.ceil((charge(told) + offset) / quantum) * quantum)

    return counter


def found(counter: Counter) -> Energy:
    return energy(*measured(counter))


def test_an_exact_counter_gives_the_energy() -> None:
    charge = ideal(0.6, 2.6)
    one = found(lambda second: round(charge(second)))
    # Two watts for ten milliseconds.
    assert one.joules == pytest.approx(0.02, rel=1e-3)
    assert one.runs == 60_000
    assert (one.watts, one.idle_watts) == (pytest.approx(2.6, rel=1e-3), pytest.approx(0.6, 1e-3))
    assert one.share == pytest.approx(1)


@pytest.mark.parametrize("quantum", [1, 100, 1221, 5000])
@pytest.mark.parametrize("period", [1, 7, 30, 60])
def test_the_truth_is_within_the_error_whatever_the_steps_of_the_counter(
    quantum: int, period: int
) -> None:
    generator = np.random.default_rng(quantum + period)
    errors = []
    for _ in range(60):
        idle, busy = generator.uniform(0.2, 1), generator.uniform(1.5, 6)
        offset, late = generator.uniform(0, quantum), generator.uniform()
        one = found(gauge(ideal(idle, busy), quantum, period, offset, late))
        truth = (busy - idle) * BUSY / one.runs
        assert abs(one.joules - truth) <= one.error
        errors.append(one.error / truth)
    # And the error is no excuse: a gauge of a milliampere hour that tells it at once knows.
    if quantum <= 1221 and period <= 7:
        assert np.median(errors) < 0.25


def test_a_counter_that_does_not_fall_is_refused() -> None:
    with pytest.raises(InputError, match="did not fall in 600 seconds"):
        found(lambda second: 3_000_000)
    with pytest.raises(InputError, match="did not fall"):
        found(lambda second: 3_000_000 + int(second))


def test_a_switched_screen_is_refused() -> None:
    charge = ideal(0.6, 2.6)
    with pytest.raises(InputError, match="screen was switched"):
        energy(*measured(lambda second: round(charge(second)), screen_on=False))


def test_power_in_the_middle_is_refused() -> None:
    charge = ideal(0.6, 2.6)
    with pytest.raises(InputError, match=r"connected to power(.|\n)*adb tcpip"):
        energy(*measured(lambda second: round(charge(second)), charging=True))


def test_one_reading_at_rest_is_too_little() -> None:
    charge = ideal(0.6, 2.6)
    idle, rounds = measured(lambda second: round(charge(second)))
    with pytest.raises(InputError, match="too few readings"):
        energy(idle[:1], rounds)


@pytest.mark.parametrize(
    ("battery", "charging", "message"),
    [
        (None, None, "tells no charge"),
        (None, True, "connected to power"),
        (Battery(charge=10**6, microvolts=4 * 10**6), True, "connected to power"),
        (Battery(charge=10**6, microvolts=4 * 10**6, draining=False), False, "connected to power"),
        (Battery(charge=10**6, microvolts=4 * 10**6, frozen=True), False, "set by hand"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    battery: Battery | None, charging: bool | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check(Conditions(at=START.isoformat(), battery=battery, charging=charging))


def test_the_figures_in_words() -> None:
    one = Energy(0.0198, 0.0004, 60_000, 2.58, 0.6, 0.97, 1221)
    assert in_words(one) == (
        "19.8 mJ a run, ± 0.4 mJ by the steps of the battery's counter (1.22 mAh): 2.58 W while "
        "it ran, 0.60 W at rest before, 60,000 runs in 97 % of the time."
    )
    coarse = Energy(1.2, 0.9, 1000, 2.58, 0.6, 0.97, 50_000)
    assert in_words(coarse).startswith("1.2 J a run, ± 900 mJ")
    assert in_words(coarse).endswith("too coarse to tell: use more --minutes.")


def test_a_measurement_without_rest_has_no_energy() -> None:
    one = session().measurements[0]
    assert energy_text(one) == ""
    charge = ideal(0.6, 2.6)
    idle, rounds = measured(lambda second: round(charge(second)))
    both = one.model_copy(update={"idle": tuple(idle), "rounds": tuple(rounds)})
    assert energy_text(both).startswith("20 mJ a run")
    stopped = both.model_copy(update={"idle": tuple(idle[:1])})
    assert energy_text(stopped) == (
        "The energy cannot be measured: there are too few readings of the battery."
    )
