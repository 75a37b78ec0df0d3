import json
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from _edgeship.device_bench.measurement.events import (
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import DeviceParity, Measurement, Session
from _edgeship.device_bench.store.database import SCHEMA_VERSION
from _edgeship.device_bench.store.store import Filter, Store
from _edgeship.errors import InputError
from tests.device_bench.synthetic import PHONE, VIRTUAL, session, two_runners

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "store.sqlite"


def _without_rounds(whole: Session) -> Session:
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in whole.measurements)
    return whole.model_copy(update={"measurements": bare})


def _save(store: Store, whole: Session) -> None:
    store.begin(whole)
    store.finish(whole.id, whole.complete)


def test_events_become_the_session_that_they_tell(path: Path) -> None:
    whole = session()
    with Store(path) as store:
        store.listener(SessionStarted(_without_rounds(whole)))
        store.listener(Waiting(whole.id, "the device to cool down", 30))
        for number in range(10):
            for index, measurement in enumerate(whole.measurements):
                store.listener(RoundDone(whole.id, index, measurement.rounds[number]))
        changed = _with_warning(whole.measurements[1], "close other programs")
        store.listener(MeasurementChanged(whole.id, 1, changed))
        store.listener(SessionEnded(whole.id, complete=True))
    expected = list(whole.measurements)
    expected[1] = changed
    with Store(path) as store:
        assert store.session(whole.id) == whole.model_copy(update={"measurements": tuple(expected)})


def _with_warning(measurement: Measurement, warning: str) -> Measurement:
    return measurement.model_copy(update={"warnings": (*measurement.warnings, warning)})


def test_a_changed_measurement_keeps_its_rounds(path: Path) -> None:
    whole = session()
    with Store(path) as store:
        store.begin(whole)
        bare = _without_rounds(whole).measurements[0]
        store.set_measurement(whole.id, 0, bare)
        assert store.session(whole.id).measurements[0].rounds == whole.measurements[0].rounds


def test_an_unfinished_session_is_not_complete(path: Path) -> None:
    whole = session()
    with Store(path) as store:
        store.begin(whole)
        assert store.session(whole.id) == whole.model_copy(update={"complete": False})
        store.finish(whole.id, complete=True)
        assert store.session(whole.id) == whole


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_that_json_does_not_know_come_back(path: Path, value: float) -> None:
    parity = DeviceParity(identical=False, max_rel=value, sqnr_db=None, reference="LiteRT")
    whole = session()
    first = whole.measurements[0].model_copy(update={"parity": parity})
    with Store(path) as store:
        store.begin(whole)
        store.set_measurement(whole.id, 0, first)
        found = store.session(whole.id).measurements[0].parity
    assert found is not None
    assert repr(found.max_rel) == repr(value)


def test_what_android_granted_an_app_comes_back(path: Path) -> None:
    whole = two_runners()
    with Store(path) as store:
        _save(store, whole)
        assert store.session(whole.id) == whole


def test_a_session_from_before_there_was_an_app_is_read(path: Path) -> None:
    whole = session()
    with Store(path) as store:
        _save(store, whole)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE rounds SET record = json_remove(record, '$.process.app')")
        [(kept,)] = connection.execute("SELECT record FROM rounds LIMIT 1").fetchall()
    assert '"app"' not in kept
    with Store(path) as store:
        assert store.session(whole.id) == whole


def test_filters_choose_sessions_oldest_first(path: Path) -> None:
    phone = session("20261122-100000-0001")
    virtual = session("20261121-100000-0002", VIRTUAL, model="other")
    with Store(path) as store:
        _save(store, phone)
        _save(store, virtual)

        def ids(chosen: Filter) -> list[str]:
            return [one.id for one in store.sessions(chosen)]

        assert ids(Filter()) == [virtual.id, phone.id]
        assert ids(Filter(device=PHONE.selector)) == [phone.id]
        assert ids(Filter(ids=(phone.id,))) == [phone.id]
        assert ids(Filter(subject="other")) == [virtual.id]
        assert ids(Filter(subject="net_int8")) == [virtual.id, phone.id]
        assert ids(Filter(subject=phone.measurements[0].subject.sha256)) == [virtual.id, phone.id]
        assert ids(Filter(subject="build/net_int8.tflite", device="virtual")) == [virtual.id]
        assert ids(Filter(subject="' OR 1=1 --")) == []


def test_an_unknown_session_is_refused_and_others_are_named(path: Path) -> None:
    with Store(path) as store:
        with pytest.raises(InputError, match=r"no session 'x'(.|\n)*it is empty"):
            store.session("x")
        _save(store, session())
        with pytest.raises(InputError, match=r"no session 'x'(.|\n)*20261122-142530-4f3a"):
            store.session("x")


def test_baselines_are_remembered_and_replaced(path: Path) -> None:
    with Store(path) as store:
        for name in ("20261122-100000-0001", "20261122-100000-0002"):
            _save(store, session(name))
            store.set_baseline("a series", name)
    with Store(path) as store:
        assert store.baselines() == {"a series": "20261122-100000-0002"}


_WRITER = """
import sys
from pathlib import Path
from _edgeship.device_bench.store.store import Store
from tests.device_bench.synthetic import session

whole = session(sys.argv[2], rounds=40)
with Store(Path(sys.argv[1])) as store:
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in whole.measurements)
    store.begin(whole.model_copy(update={"measurements": bare}))
    for number in range(40):
        for index, measurement in enumerate(whole.measurements):
            store.add_round(whole.id, index, measurement.rounds[number])
            print(number, index, flush=True)
    store.finish(whole.id, True)
"""


def _writer(path: Path, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _WRITER, str(path), name]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_what_was_reported_survives_a_killed_process(path: Path) -> None:
    process = _writer(path, "20261122-100000-0001")
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert told[-1] == "6 1\n"
    with Store(path) as store:
        found = store.session("20261122-100000-0001")
        expected = session("20261122-100000-0001", rounds=40)
        assert not found.complete
        assert sum(len(one.rounds) for one in found.measurements) >= 20
        for one, whole in zip(found.measurements, expected.measurements, strict=True):
            assert one.rounds == whole.rounds[: len(one.rounds)]
        _save(store, session("20261122-100000-0002"))


def test_two_processes_and_two_threads_write_at_once(path: Path) -> None:
    names = [f"20261122-100000-000{index}" for index in range(4)]
    processes = [_writer(path, name) for name in names[:2]]
    with Store(path) as store:
        threads = [
            threading.Thread(target=_save, args=(store, session(name, rounds=40)))
            for name in names[2:]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with Store(path) as store:
        assert store.sessions() == [session(name, rounds=40) for name in names]


def test_a_broken_transaction_leaves_nothing(path: Path) -> None:
    whole = session()
    first = whole.measurements[0]
    twice = first.model_copy(update={"rounds": (first.rounds[0], first.rounds[0])})
    with Store(path) as store:
        with pytest.raises(sqlite3.IntegrityError):
            store.begin(whole.model_copy(update={"measurements": (twice,)}))
        assert store.sessions() == []
        _save(store, whole)
        assert store.sessions() == [whole]


def test_a_newer_store_is_refused_and_left_as_it_is(path: Path) -> None:
    Store(path).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another version of edgeship"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another program"):
        Store(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"certainly no database, whatever its name says" * 100)
    with pytest.raises(InputError, match="not a database"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"store\.sqlite cannot be used"):
        Store(tmp_path / "file" / "store.sqlite")


def test_a_missing_store_is_not_made_for_readers(path: Path) -> None:
    with pytest.raises(InputError, match="There is no store"):
        Store(path, create=False)
    assert not path.exists()


def test_a_damaged_record_is_named(path: Path) -> None:
    with Store(path) as store:
        _save(store, session())
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE rounds SET record = '{"number": "x"}'""")
    connection.close()
    with Store(path) as store, pytest.raises(InputError, match="damaged round"):
        store.sessions()


def test_a_full_disk_is_one_sentence(path: Path) -> None:
    with Store(path) as store:
        _save(store, session("20261122-100000-0001"))
        store._database._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(InputError, match="full"):
            for number in range(2, 9):
                store.begin(session(f"20261122-100000-000{number}"))
        store._database._connection.execute("PRAGMA max_page_count = 1000000")
        _save(store, session("20261122-110000-0001"))


def test_a_store_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    """That one knew nothing of accelerators; its records lack the field."""
    whole = session()
    with Store(path) as store:
        _save(store, whole)
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT rowid, record FROM measurements").fetchall()
        for row, text in found:
            record = json.loads(text)
            assert record.pop("acceleration") is None
            changed = (json.dumps(record), row)
            connection.execute("UPDATE measurements SET record = ? WHERE rowid = ?", changed)
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Store(path, create=False) as store:
        assert store.sessions() == [whole]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_what_an_accelerator_took_is_kept(path: Path) -> None:
    whole = session()
    found = Acceleration(driver="Adreno (TM) 740", software=False, operators=9, taken=9)
    first = whole.measurements[0].model_copy(update={"acceleration": found})
    whole = whole.model_copy(update={"measurements": (first, *whole.measurements[1:])})
    with Store(path) as store:
        _save(store, whole)
        assert store.session(whole.id) == whole
