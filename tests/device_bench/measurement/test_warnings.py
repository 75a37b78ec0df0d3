"""Each warning where it belongs, and none elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from _edgeship.device_bench.measurement.warnings import find_warnings
from _edgeship.device_bench.results.records import (
    Conditions,
    Core,
    DeviceParity,
    Measurement,
    MeasurementSettings,
    Process,
    Properties,
    Round,
    Subject,
)
from tests.device_bench.measurement.fakes import PHONE, cool
from tests.device_bench.synthetic import GRANTED

PC = Properties(selector="local", model="PC", abi="x86_64", cores=(Core(index=0), Core(index=1)))
PARITY = DeviceParity(identical=True, max_rel=0, sqnr_db=None, reference="LiteRT")


def measurement(
    *,
    count: int = 10,
    runs: Mapping[int, float] | None = None,
    before: Conditions | None = None,
    warmer: float = 0.0,
    process: Mapping[str, Any] | None = None,
    throttled: int = 0,
    **changes: Any,
) -> Measurement:
    """Ten steady rounds of ten runs, with changes: `runs` are factors by their place."""
    times = 1e6 + 1000 * (np.arange(10) * 7 % 10)
    for place, factor in (runs or {}).items():
        times[place] *= factor
    report = Process(
        runner="native",
        runtime="LiteRT",
        init=1,
        first=1,
        runs=tuple(int(value) for value in times),
    ).model_copy(update=dict(process or {}))
    start = before or cool()
    rounds = tuple(
        Round(
            number=number,
            order=0,
            before=start
            if not number
            else start.model_copy(update={"temperatures": {"cpu-0": 35.0 + warmer}}),
            after=start,
            process=report,
            throttled=tuple(place < throttled for place in range(len(report.runs))),
            overhead_seconds=0.1,
        )
        for number in range(count)
    )
    made = Measurement(
        subject=Subject(label="a", path="a", sha256="", size=1),
        settings=MeasurementSettings(cores=(0,)),
        parity=PARITY,
        rounds=rounds,
    )
    return made.model_copy(update=changes)


def test_steady_runs_have_no_warnings():
    assert find_warnings(measurement(), PHONE) == ()
    assert find_warnings(measurement(), PC) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parity": None}, ("not compared", "--runner native")),
        ({"process": {"runs_per_sample": 50}}, ("one value for up to 50 runs", "--runner native")),
        ({"throttled": 2}, ("20 of 100 runs were throttled", "let the device cool")),
        ({"throttled": 10}, ("All runs were throttled", "power-saving")),
        ({"warmer": 12.0}, ("12 °C above", "fan")),
        ({"count": 3}, ("Only 3 round(s)", "--rounds 10")),
        ({"process": {"runs": (10, 11)}}, ("Only 20 runs", "--runs")),
        ({"runs": {0: 1.3}}, ("first timed run", "1.29 times", "--warmup")),
        ({"runs": {3: 2.0}}, ("coefficient of variation", "--cores")),
        ({"runs": {3: 1.1}}, ("10 of 100 runs are outliers", "count all the same")),
        (
            {
                "settings": MeasurementSettings(accelerator="gpu"),
                "process": {"fully_accelerated": False},
            },
            ("not shown that the gpu ran all", "--accelerator cpu"),
        ),
        ({"settings": MeasurementSettings()}, ("fast and slow cores", "--cores big")),
        ({"before": cool(load=5.0)}, ("busy (load 5.0 on 2 cores)", "close other programs")),
        ({"before": cool(screen_on=False)}, ("screen was off", "svc power stayon")),
        (
            {"before": cool(battery_percent=12, charging=False)},
            ("battery was at 12 %", "charge it"),
        ),
    ],
)
def test_each_warning_says_what_to_do(changes, words):
    found = find_warnings(measurement(**changes), PHONE)
    assert any(all(word in text for word in words) for text in found), found


@pytest.mark.parametrize(
    "changes",
    [
        {"before": cool(load=1.5)},
        {"before": cool(screen_on=True, battery_percent=80)},
        {"before": cool(battery_percent=12, charging=True)},
        {"warmer": 4.0},
        {
            "settings": MeasurementSettings(accelerator="gpu", cores=(0,)),
            "process": {"fully_accelerated": True},
        },
        {"process": {"fully_accelerated": False}},
        {"runs": {0: 1.01}},
    ],
)
def test_what_is_normal_is_not_told(changes):
    assert find_warnings(measurement(**changes), PHONE) == ()


ONE = {"runs": (1_000_000,)}
HUNDRED = {"runs": tuple(1_000_000 + 1000 * (place % 10) for place in range(100))}
OUTLIERS = {count: {"runs": (*HUNDRED["runs"][count:], *(1_100_000,) * count)} for count in (5, 6)}


@pytest.mark.parametrize(
    ("quiet", "told", "words"),
    [
        ({"process": HUNDRED, "throttled": 5}, {"process": HUNDRED, "throttled": 6}, "throttled"),
        ({"warmer": 5.0}, {"warmer": 5.1}, "did not cool down"),
        ({"count": 6}, {"count": 5}, "round(s)"),
        ({"count": 30, "process": ONE}, {"count": 29, "process": ONE}, "Only 29 runs"),
        # The median of the other runs is 1.0055 ms.
        ({"runs": {0: 1.206}}, {"runs": {0: 1.208}}, "first timed run"),
        ({"runs": {3: 1.33}}, {"runs": {3: 1.35}}, "coefficient of variation"),
        ({"process": OUTLIERS[5]}, {"process": OUTLIERS[6]}, "outliers"),
        ({"before": cool(load=2.0)}, {"before": cool(load=2.1)}, "busy"),
        (
            {"before": cool(battery_percent=20, charging=False)},
            {"before": cool(battery_percent=19, charging=False)},
            "battery",
        ),
    ],
)
def test_a_warning_begins_at_its_limit(quiet, told, words):
    assert not any(words in text for text in find_warnings(measurement(**quiet), PHONE))
    assert any(words in text for text in find_warnings(measurement(**told), PHONE))


def test_what_the_runtime_does_not_say_about_an_accelerator_is_no_proof():
    gpu = measurement(settings=MeasurementSettings(accelerator="gpu", cores=(0,)))
    [text] = find_warnings(gpu, PHONE)
    assert "not shown that the gpu ran all" in text


def test_cores_that_are_alike_need_not_be_chosen():
    assert find_warnings(measurement(settings=MeasurementSettings()), PC) == ()


def test_only_a_computer_can_be_asked_for_a_priority():
    busy = measurement(before=cool(load=5.0))
    assert "chrt" in find_warnings(busy, PC)[0]
    assert "chrt" not in find_warnings(busy, PHONE)[0]


def test_outputs_that_change_are_told():
    made = measurement()
    other = made.rounds[1].model_copy(
        update={"process": made.rounds[1].process.model_copy(update={"outputs_sha256": "1"})}
    )
    third = other.model_copy(
        update={"process": other.process.model_copy(update={"outputs_sha256": "2"})}
    )
    changed = made.model_copy(update={"rounds": (*made.rounds, other, third)})
    [text] = find_warnings(changed, PHONE)
    assert "2 different outputs" in text


def test_instructions_must_repeat():
    exact = PHONE.model_copy(update={"unit": "instructions"})
    two = measurement(count=2, process={"runs": (1000,)})
    assert find_warnings(two, exact) == ()
    other = two.rounds[1].process.model_copy(update={"runs": (1001,)})
    rounds = (two.rounds[0], two.rounds[1].model_copy(update={"process": other}))
    differing = two.model_copy(update={"rounds": rounds})
    assert "report it" in find_warnings(differing, exact)[0]
    threads = differing.model_copy(update={"settings": MeasurementSettings(threads=2)})
    assert "--threads 1" in find_warnings(threads, exact)[0]


CALM = GRANTED.model_copy(update={"cores": "0-1", "thermal_status_after": 0})


@pytest.mark.parametrize("changes", [{}, {"cores": "unknown"}, {"cores": "0-7"}, {"cores": "1-0"}])
def test_an_app_that_gets_all_it_wants_has_no_warnings(changes):
    granted = CALM.model_copy(update=changes)
    assert find_warnings(measurement(process={"app": granted}), PHONE) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"thermal_status_after": 1}, ("10 of 10 rounds", "thermal status light", "cool")),
        ({"thermal_headroom_after": 1.25}, ("severe throttling", "1.25", "cool")),
        ({"importance": 200}, ("10 of 10 rounds", "not in front", "importance 200", "unlock")),
        ({"cores": "1"}, ("1 of the 2 cores", "power-saving")),
    ],
)
def test_an_app_that_does_not_is_told(changes, words):
    granted = CALM.model_copy(update=changes)
    [found] = find_warnings(measurement(process={"app": granted}), PHONE)
    assert all(word in found for word in words), found
