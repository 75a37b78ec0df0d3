"""How fast farms take jobs from a store that they share, with many jobs in it.

Run: python benchmarks/farm_leases.py [--jobs 100000] [--seconds 10] [--farms 1,10]

Fills a store with jobs, nine tenths of which are done, as late in a large sweep; then farms, each a
process of its own, take one of the others after the other and end it, as a phone that becomes free
has them do, in the order in which the sweep file names them. Each asks for 50 names at a time.
Nothing is measured in between: the figure is what the store allows. On an SQLite file, and on a
PostgreSQL server that is started for it where Debian's is installed. At the end each job that was
taken is counted: none may have been taken twice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import checkout  # noqa: F401

from _edgeship.device_bench.store.database import Database
from _edgeship.device_bench.store.place import place_of
from _edgeship.device_bench.store.store import Store
from _edgeship.device_bench.store.tables import LEASES
from _edgeship.export.sweep.turns import WINDOW
from tests.device_bench.store.server import Server, programs


def names(count: int) -> list[str]:
    """Return the names of jobs, as long as those of a farm."""
    return [f"measure/{number:064}" for number in range(count)]


def fill(place: str, count: int) -> float:
    """Put jobs into a store, the first nine tenths of them done; return the seconds."""
    began = time.perf_counter()
    rows = [
        {"name": name, "owner": "before", "state": "done", "expires": 0.0, "ended": 1.0}
        for name in names(count)
    ]
    for row in rows[done(count) :]:
        row.update(owner="", state="open")
    database = Database(place_of(place))
    with database.writing() as connection:
        connection.execute(LEASES.insert(), rows)
    database.close()
    return time.perf_counter() - began


def done(count: int) -> int:
    """Return how many jobs are done, which a farm that starts now does not ask for."""
    return count * 9 // 10


def farm(
    place: str, owner: str, count: int, seconds: float, found: Queue[list[str]], together: Barrier
) -> None:
    """Take jobs and end them for some seconds, each time from the next window that has one."""
    waiting = names(count)[done(count) :]
    mine: list[str] = []
    with Store(place) as store:
        leases = store.leases(owner, 3600)
        # What ended before a farm began counts as not done: here all begin before anything ends.
        together.wait()
        end = time.monotonic() + seconds
        while waiting and time.monotonic() < end:
            window = waiting[:WINDOW]
            turn = leases.take(window, 1)
            for name in turn.ours:
                leases.end(name, "done")
            mine += turn.ours
            over = {*turn.ours, *turn.ended}
            held = [name for name in window if name not in over] if turn.ours else []
            waiting = [*held, *waiting[WINDOW:]]
    found.put(mine)


def measured(place: str, farms: int, count: int, seconds: float) -> tuple[int, int]:
    """Return how many jobs farms took at once in some seconds, and how many of these twice."""
    context = multiprocessing.get_context("spawn")
    found: Queue[list[str]] = context.Queue()
    together = context.Barrier(farms)
    started = [
        context.Process(
            target=farm, args=(place, f"farm {n} of {farms}", count, seconds, found, together)
        )
        for n in range(farms)
    ]
    for one in started:
        one.start()
    taken = Counter(name for _ in started for name in found.get())
    for one in started:
        one.join()
    return sum(taken.values()), sum(times > 1 for times in taken.values())


@contextmanager
def places() -> Iterator[list[tuple[str, str]]]:
    """Yield each kind of store and where it is."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = ("SQLite", str(Path(folder) / "store.sqlite"))
        found = programs()
        if found is None:
            yield [sqlite]
            return
        with Server(found) as server:
            yield [sqlite, ("PostgreSQL", server.url(server.new_database()))]


def main() -> None:
    """Run it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--farms", type=lambda text: [int(word) for word in text.split(",")])
    options = parser.parse_args()
    print(f"load of this machine: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}")
    with places() as every:
        for kind, place in every:
            _show(kind, place, options.jobs, options.seconds, options.farms or [1, 10])


def _show(kind: str, place: str, jobs: int, seconds: float, farms: Sequence[int]) -> None:
    spent = fill(place, jobs)
    print(f"{kind}: {jobs:,} jobs put there, 90 % of them done, in {spent:.0f} s", flush=True)
    for count in farms:
        taken, twice = measured(place, count, jobs, seconds)
        print(
            f"  {count} farms: {taken / seconds:.0f} jobs taken and ended a second, {twice} twice",
            flush=True,
        )


if __name__ == "__main__":
    main()
