"""Jobs that several farms take from one store: each once, and those of a dead farm again."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter

import pytest

from _edgeship.device_bench.store.leases import Turn
from _edgeship.device_bench.store.store import Store

NAMES = [f"job {number:03}" for number in range(10)]


def test_a_job_is_one_farms_until_it_ends(place: str) -> None:
    with Store(place) as store:
        one, other = (store.leases(owner, 60) for owner in ("one", "other"))
        assert one.take(NAMES, 2) == Turn(("job 000", "job 001"))
        assert other.take(NAMES[:3], 3) == Turn(("job 002",))
        assert other.take(NAMES[:3], 3) == Turn()

        assert one.end("job 000", "done")
        assert one.end("job 001", "failed", "It broke.")
        ended = {"job 000": ("done", ""), "job 001": ("failed", "It broke.")}
        assert other.take(NAMES[:2], 2) == Turn((), ended)
        assert one.take(NAMES[:2], 2) == Turn((), ended)

        other.give_back("job 002")
        assert one.take(NAMES[:3], 3).ours == ("job 002",)


def test_what_ended_before_a_farm_began_may_be_done_again(place: str) -> None:
    """However shortly before or after it: SQLite's clock counts thousandths of seconds."""
    with Store(place) as store:
        for number in range(30):
            job = f"job {number}"
            before = store.leases("before", 60)
            before.take([job], 1)
            before.end(job, "failed", "It broke.")
            later, third = (store.leases(owner, 60) for owner in ("later", "third"))
            assert later.take([job], 1).ours == (job,)
            later.end(job, "done")
            assert third.take([job], 1) == Turn((), {job: ("done", "")})


def test_a_farm_that_does_not_renew_loses_its_jobs(place: str) -> None:
    with Store(place) as store:
        dead, alive, other = (store.leases(owner, 0.4) for owner in ("dead", "alive", "other"))
        dead.take(NAMES[:1], 1)
        alive.take(NAMES[1:2], 1)
        deadline = time.monotonic() + 20
        while not (found := other.take(NAMES[:2], 2).ours):
            assert alive.renew() == 1
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert found == ("job 000",)
        # It comes back to life, and is told that the job is another's.
        assert not dead.end("job 000", "done")
        assert other.end("job 000", "done")


def _take_all(place: str, owner: str, count: int, found, together) -> None:  # type: ignore[no-untyped-def]
    names = [f"job {number:03}" for number in range(count)]
    with Store(place) as store:
        leases = store.leases(owner, 60)
        together.wait(60)
        mine: list[str] = []
        while taken := leases.take(names, 3).ours:
            for name in taken:
                assert leases.end(name, "done")
            mine += taken
    found.put(mine)


@pytest.mark.slow
def test_four_farms_at_once_take_each_job_once(place: str) -> None:
    with Store(place):
        pass
    context = multiprocessing.get_context("spawn")
    found, together = context.Queue(), context.Barrier(4)
    farms = [
        context.Process(target=_take_all, args=(place, f"farm {number}", 120, found, together))
        for number in range(4)
    ]
    for farm in farms:
        farm.start()
    every = [found.get(timeout=120) for _ in farms]
    for farm in farms:
        farm.join()
        assert farm.exitcode == 0
    counted = Counter(name for mine in every for name in mine)
    assert len(counted) == 120
    assert set(counted.values()) == {1}
