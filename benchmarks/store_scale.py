"""What a large store takes: bytes per row, time per query, and memory of the commands that read it.

Run: python benchmarks/store_scale.py [--rounds 100000] [--store FILE.sqlite]
     python benchmarks/store_scale.py --rounds 1000000 --store postgresql://USER@HOST/DATABASE

The store must be new: it is filled with sessions of the shape that phones give. A session measures
one network in three schemes, in 10 rounds each; a round has 60 timed runs, as a network of 8 ms has
in half a second, and the state of a phone with 8 cores and 24 thermal zones before and after. There
are 1,000 phones and 190 networks; each phone measures two of them again and again. The numbers are
random, so that a database that compresses finds no more to compress than in real ones.

Prints the size of the store by table, then the median time of each query, then how many rounds a
second one and twenty processes write at once, each round a transaction of its own; then time and
peak memory of the commands as a user runs them, with the start of Python.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import text

from _edgeship.device_bench.results.records import (
    Conditions,
    Core,
    Measurement,
    MeasurementSettings,
    Process,
    Properties,
    Round,
    Session,
    Subject,
)
from _edgeship.device_bench.store.place import Place, place_of
from _edgeship.device_bench.store.store import Filter, Store
from _edgeship.device_bench.store.tables import MEASUREMENTS, ROUNDS, SESSIONS

PHONES, NETWORKS, ZONES, CORES = 1000, 190, 24, 8
SCHEMES = ("none", "fp16", "int8")
ROUNDS_PER_FILE, RUNS = 10, 60

#: Sessions that are written in one transaction.
TOGETHER = 100

#: Rounds that sessions are made of; a fresh one each would take longer than all the rest.
_POOL = 500


def _conditions(chance: random.Random, at: datetime) -> Conditions:
    return Conditions(
        at=at.isoformat(timespec="milliseconds"),
        temperatures={f"zone-{one}-usr": round(chance.uniform(30, 60), 1) for one in range(ZONES)},
        thermal_status=0,
        mhz={one: chance.randrange(300, 3000) for one in range(CORES)},
        mhz_cap=dict.fromkeys(range(CORES), 2841),
        battery_percent=chance.randrange(100),
        charging=True,
        screen_on=True,
        load=round(chance.uniform(0, 4), 2),
    )


def _round(chance: random.Random, number: int, at: datetime) -> Round:
    level = chance.gauss(8e6, 2e5)
    return Round(
        number=number,
        order=number % 3,
        before=_conditions(chance, at),
        after=_conditions(chance, at + timedelta(seconds=1)),
        process=Process(
            runner="native",
            runtime="LiteRT 2.3.0",
            init=chance.randrange(10**7, 10**8),
            first=int(1.5 * level),
            warmup=tuple(int(chance.gauss(level, 2e4)) for _ in range(25)),
            runs=tuple(int(chance.gauss(level, 2e4)) for _ in range(RUNS)),
            mhz=(2841,) * RUNS,
            capped=(False,) * RUNS,
            peak_rss_bytes=chance.randrange(10**7, 10**8),
            fully_accelerated=True,
            outputs_sha256=f"{chance.getrandbits(256):064x}",
        ),
        throttled=(False,) * RUNS,
        overhead_seconds=0.4,
    )


def _phone(number: int) -> Properties:
    return Properties(
        selector=f"adb:PHONE{number:04d}",
        model=f"Phone {number % 40}",
        soc="A chip",
        os="Android 15 (API 35)",
        kernel="6.1.75-android14-11-g1234567",
        abi="arm64-v8a",
        cores=tuple(Core(index=one, max_mhz=2841, part="0x41:0xd0b") for one in range(CORES)),
        ram_bytes=8 * 10**9,
    )


def _network(phone: int, visit: int) -> int:
    return (2 * phone + visit % 2) % NETWORKS


def _session(chance: random.Random, number: int) -> Session:
    phone, visit = number % PHONES, number // PHONES
    network = _network(phone, visit)
    started = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=10 * number)
    return Session(
        id=f"{started:%Y%m%d-%H%M%S}-{number:08x}",
        started=started.isoformat(),
        command="python -m device_bench compare a.tflite b.tflite c.tflite --device adb",
        versions={"edgeship": "0.2.0", "ai-edge-litert": "2.3.0", "numpy": "2.2.0"},
        device=_phone(phone),
        measurements=tuple(
            Measurement(
                subject=Subject(
                    label=f"network_{network}_{scheme}.tflite",
                    path=f"build/network_{network}/network_{network}_{scheme}.tflite",
                    sha256=f"{3 * network + place:064x}",
                    size=2_600_000,
                    model=f"network_{network}",
                    scheme=scheme,
                    mult_adds=145_000_000,
                    nodes=154,
                    untrained=False,
                ),
                settings=MeasurementSettings(rounds=ROUNDS_PER_FILE),
                warnings=("The screen is on: switch it off, since it makes heat.",),
            )
            for place, scheme in enumerate(SCHEMES)
        ),
    )


def fill(store: Store, count: int) -> float:
    """Write sessions until there are as many rounds; return the seconds that it took."""
    chance = random.Random(0)  # noqa: S311
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    pool = [
        [_round(chance, number, at).model_dump_json() for _ in range(_POOL // ROUNDS_PER_FILE)]
        for number in range(ROUNDS_PER_FILE)
    ]
    total = count // (ROUNDS_PER_FILE * len(SCHEMES))
    begin = time.perf_counter()
    for start in range(0, total, TOGETHER):
        some = [_session(chance, one) for one in range(start, min(total, start + TOGETHER))]
        with store._database.writing() as connection:
            connection.execute(SESSIONS.insert(), [_head(one) for one in some])
            connection.execute(MEASUREMENTS.insert(), [row for one in some for row in _files(one)])
            connection.execute(
                ROUNDS.insert(),
                [
                    {
                        "session_id": one.id,
                        "position": position,
                        "number": number,
                        "record": chance.choice(pool[number]),
                    }
                    for one in some
                    for position in range(len(SCHEMES))
                    for number in range(ROUNDS_PER_FILE)
                ],
            )
    return time.perf_counter() - begin


def _head(one: Session) -> dict[str, object]:
    head = one.model_copy(update={"measurements": (), "complete": False}).model_dump_json()
    return {"id": one.id, "device": one.device.selector, "complete": 1, "record": head}


def _files(one: Session) -> Iterator[dict[str, object]]:
    for position, each in enumerate(one.measurements):
        yield {
            "session_id": one.id,
            "position": position,
            "label": each.subject.label,
            "path": each.subject.path,
            "sha256": each.subject.sha256,
            "model": each.subject.model,
            "record": each.model_dump_json(),
        }


def sizes(store: Store) -> list[str]:
    """Return a line for each table: rows, characters of a record, and bytes with all indexes."""
    lines = []
    with store._database.reading() as connection:
        for table in (SESSIONS, MEASUREMENTS, ROUNDS):
            name = f"edgeship.{table.name}" if store.place.path is None else table.name
            rows, length = connection.exec_driver_sql(
                f"SELECT count(*), avg(length(record)) FROM {name}"  # noqa: S608 - our own names
            ).one()
            line = f"{table.name:14}{rows:12,} rows{float(length):9,.0f} characters a record"
            if store.place.path is None:
                asked = text("SELECT pg_total_relation_size(:name)")
                held = connection.execute(asked, {"name": name}).scalar_one()
                line += f"{held / rows:9,.0f} bytes a row with its indexes"
            lines.append(line)
        if store.place.path is None:
            whole = connection.exec_driver_sql(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relnamespace = 'edgeship'::regnamespace AND relkind = 'r'"
            ).scalar_one()
        else:
            whole = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            whole *= connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    lines.append(f"in all {float(whole) / 1e6:,.0f} MB, {float(whole) / rows:,.0f} bytes a round")
    return lines


def queries(store: Store) -> dict[str, Callable[[], object]]:
    """Return what the commands ask of a store, by name."""
    chance = random.Random(1)  # noqa: S311
    one = _session(chance, 0)
    fresh = _session(chance, 10**7)
    store.begin(fresh)
    numbers = iter(range(10**6))

    def add() -> None:
        store.add_round(fresh.id, 0, _round(chance, next(numbers), datetime.now(timezone.utc)))

    device, network, digest = one.device.selector, one.measurements[0].subject.model, "0" * 64
    return {
        "open": lambda: Store(store.place).__exit__(None, None, None),
        "write a round": add,
        "read a session by id": lambda: store.session(one.id),
        "count sessions": store.count,
        "newest 20 sessions": lambda: store.sessions(Filter(last=20)),
        "newest 20 of a device": lambda: store.sessions(Filter(device=device, last=20)),
        "a network on a device": lambda: store.sessions(
            Filter(device=device, subject=network, alone=True)
        ),
        "a file on all devices": lambda: store.sessions(Filter(subject=digest, alone=True)),
        "a network, all devices": lambda: store.sessions(Filter(subject=network, alone=True)),
    }


def written_at_once(place: Place, processes: int, each: int = 100) -> float:
    """Return how many rounds a second processes write together, each into a session of its own."""
    fork = multiprocessing.get_context("fork")
    ready = fork.Barrier(processes + 1)

    def write(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        now = datetime.now(timezone.utc)
        one = _session(chance, 2 * 10**7 + 1000 * processes + number)
        with Store(place) as store:
            store.begin(one)
            rounds = [_round(chance, index, now) for index in range(each)]
            ready.wait()
            for each_round in rounds:
                store.add_round(one.id, 0, each_round)

    writers = [fork.Process(target=write, args=(number,)) for number in range(processes)]
    for one in writers:
        one.start()
    ready.wait()
    begin = time.perf_counter()
    for one in writers:
        one.join()
        assert one.exitcode == 0
    return processes * each / (time.perf_counter() - begin)


def commands(place: Place, folder: Path) -> Iterator[tuple[str, float, float, float]]:
    """Yield what a user types, seconds, seconds of a processor, and MB of memory at most."""
    store = place.url or str(place.path)
    one = _session(random.Random(1), 0)  # noqa: S311
    network, device = one.measurements[0].subject.model, one.device.selector
    for words in (
        ["report"],
        ["history", network, "--device", device],
        ["history", network],
        ["history", "--device", device],
    ):
        whole = [sys.executable, "-m", "device_bench", *words, "--store", store]
        if words[0] == "report":
            whole += ["--out", str(folder / "page.html")]
        begin = time.perf_counter()
        child = subprocess.Popen(whole, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        assert os.waitstatus_to_exitcode(status) in (0, 3), words
        seconds = time.perf_counter() - begin
        yield " ".join(words), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Fill a store, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100_000)
    parser.add_argument("--store")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="edgeship-scale-"))
    try:
        place = place_of(chosen.store or folder / "scale.sqlite")
        with Store(place) as store:
            if store.count():
                parser.error(f"{place} is not new")
            seconds = fill(store, chosen.rounds)
            rate = chosen.rounds / seconds
            print(f"{place}: filled in {seconds:.0f} s, {rate:,.0f} rounds a second")
            print(*sizes(store), "", sep="\n")
            for name, query in queries(store).items():
                times = []
                for _ in range(15):
                    begin = time.perf_counter()
                    query()
                    times.append(time.perf_counter() - begin)
                print(f"{name:26}{1e3 * statistics.median(times):10,.1f} ms", flush=True)
        for count in (1, 20):
            rate = written_at_once(place, count)
            print(f"{count:>3} writing at once {rate:17,.0f} rounds a second", flush=True)
        print()
        for name, seconds, processor, megabytes in commands(place, folder):
            line = f"{name:44}{seconds:7.1f} s{processor:7.1f} s of CPU{megabytes:7,.0f} MB"
            print(line, flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
