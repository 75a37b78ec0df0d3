"""Many who write at once, and one that is killed while it does."""

import multiprocessing
import signal
import subprocess
import sys
import threading
from pathlib import Path

from _edgeship.device_bench.store.store import Store
from tests.device_bench.store.saving import save
from tests.device_bench.synthetic import session

ROOT = Path(__file__).parents[3]

_WRITER = """
import sys
from _edgeship.device_bench.store.store import Store
from tests.device_bench.synthetic import session

whole = session(sys.argv[2], rounds=40)
with Store(sys.argv[1]) as store:
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in whole.measurements)
    store.begin(whole.model_copy(update={"measurements": bare}))
    for number in range(40):
        for index, measurement in enumerate(whole.measurements):
            store.add_round(whole.id, index, measurement.rounds[number])
            print(number, index, flush=True)
    store.finish(whole.id, True)
"""


def _writer(place: str, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _WRITER, place, name]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_what_was_reported_survives_a_killed_process(place: str) -> None:
    process = _writer(place, "20261122-100000-0001")
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert told[-1] == "6 1\n"
    with Store(place) as store:
        found = store.session("20261122-100000-0001")
        expected = session("20261122-100000-0001", rounds=40)
        assert not found.complete
        assert sum(len(one.rounds) for one in found.measurements) >= 20
        for one, whole in zip(found.measurements, expected.measurements, strict=True):
            assert one.rounds == whole.rounds[: len(one.rounds)]
        save(store, session("20261122-100000-0002"))


def test_two_processes_and_two_threads_write_at_once(place: str) -> None:
    names = [f"20261122-100000-000{index}" for index in range(4)]
    processes = [_writer(place, name) for name in names[:2]]
    with Store(place) as store:
        threads = [
            threading.Thread(target=save, args=(store, session(name, rounds=40)))
            for name in names[2:]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with Store(place) as store:
        assert store.sessions() == [session(name, rounds=40) for name in names]


def _write(place: str, name: str) -> None:
    whole = session(name, rounds=5)
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in whole.measurements)
    with Store(place) as store:
        store.begin(whole.model_copy(update={"measurements": bare}))
        for number in range(5):
            for index, measurement in enumerate(whole.measurements):
                store.add_round(whole.id, index, measurement.rounds[number])
        store.finish(whole.id, complete=True)


def test_twenty_processes_write_into_a_store_that_none_of_them_has_made(place: str) -> None:
    names = [f"20261122-100000-{index:04d}" for index in range(20)]
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(place, name)) for name in names]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0] * 20
    with Store(place) as store:
        assert store.sessions() == [session(name, rounds=5) for name in names]
