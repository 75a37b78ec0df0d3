"""The course of sustained runs that are known."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from _edgeship.device_bench.results.records import Conditions, Process, Round
from _edgeship.device_bench.results.sustained import course

START = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def rounds(levels: list[int], *, mhz: int | None = None) -> list[Round]:
    """A process every ten seconds; its runs take about its level."""
    made = []
    for number, level in enumerate(levels):
        at = [(START + timedelta(seconds=10 * number + k)).isoformat() for k in (0, 9)]
        warm = [Conditions(at=text, temperatures={"cpu": 30.0 + number}) for text in at]
        runs = tuple(level + step for step in (-2, -1, 0, 1, 2))
        clocks = () if mhz is None else (mhz,) * 5
        capped = () if mhz is None else (level > levels[0],) * 5
        process = Process(
            runner="native", runtime="x", init=1, first=1, runs=runs, mhz=clocks, capped=capped
        )
        made.append(
            Round(
                number=number,
                order=0,
                before=warm[0],
                after=warm[1],
                process=process,
                throttled=(False,) * 5,
                overhead_seconds=0.1,
            )
        )
    return made


def test_a_device_that_becomes_slow_and_stays_so() -> None:
    found = course(rounds([1000] * 4 + [1200] * 8, mhz=1800))
    assert found is not None
    assert (found.first, found.steady) == (1000, 1200)
    assert found.low <= 1200 <= found.high
    assert found.slowed_after == 40
    assert found.is_steady
    assert [step.held for step in found.steps] == [False] * 4 + [True] * 8
    assert [step.degrees for step in found.steps] == [30.0 + k for k in range(12)]
    assert found.steps[0].per_second == pytest.approx(1e6)
    assert found.steps[-1].mhz == 1800


def test_one_that_keeps_its_speed_is_not_slowed_by_a_single_process() -> None:
    found = course(rounds([1000, 1000, 1300, 1000, 1000, 1000, 1001, 1000, 999]))
    assert found is not None
    assert found.slowed_after is None
    assert found.is_steady
    assert {step.mhz for step in found.steps} == {step.held for step in found.steps} == {None}


def test_one_that_still_becomes_slower_is_not_steady() -> None:
    found = course(rounds([1000 + 50 * k for k in range(9)]))
    assert found is not None
    assert not found.is_steady
    assert found.slowed_after == 20  # the second is 5 % slower, and not more


def test_a_few_processes_show_no_course() -> None:
    assert course(rounds([1000] * 5)) is None
