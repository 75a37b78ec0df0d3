"""What only a file can be: damaged, of another program, of an older version, on a full disk."""

import json
import sqlite3
from pathlib import Path

import pytest

from _edgeship.device_bench.store.store import Store
from _edgeship.device_bench.store.tables import SCHEMA_VERSION
from _edgeship.errors import InputError
from tests.device_bench.store.saving import save
from tests.device_bench.synthetic import session


def test_a_session_from_before_there_was_an_app_is_read(path: Path) -> None:
    whole = session()
    with Store(path) as store:
        save(store, whole)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE rounds SET record = json_remove(record, '$.process.app')")
        [(kept,)] = connection.execute("SELECT record FROM rounds LIMIT 1").fetchall()
    assert '"app"' not in kept
    with Store(path) as store:
        assert store.session(whole.id) == whole


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
        save(store, session())
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE rounds SET record = '{"number": "x"}'""")
    connection.close()
    with Store(path) as store, pytest.raises(InputError, match="damaged round"):
        store.sessions()


def _limit_pages(store: Store, count: int) -> None:
    # Of the one connection, which the pool keeps.
    with store._database._engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")


def test_a_full_disk_is_one_sentence(path: Path) -> None:
    with Store(path) as store:
        save(store, session("20261122-100000-0001"))
        _limit_pages(store, 1)
        with pytest.raises(InputError, match="full"):
            for number in range(2, 9):
                store.begin(session(f"20261122-100000-000{number}"))
        _limit_pages(store, 1_000_000)
        save(store, session("20261122-110000-0001"))


def test_a_store_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    """That one knew nothing of accelerators; its records lack the field."""
    whole = session()
    with Store(path) as store:
        save(store, whole)
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


# What edgeship 0.2.0 made, word for word.
_OLD_SCHEMA = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    device TEXT NOT NULL,
    complete INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE TABLE measurements (
    session_id TEXT NOT NULL REFERENCES sessions (id),
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    model TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (session_id, position)
);
CREATE TABLE rounds (
    session_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (session_id, position, number),
    FOREIGN KEY (session_id, position) REFERENCES measurements (session_id, position)
);
CREATE TABLE baselines (
    series TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id)
);
CREATE INDEX measurements_by_model ON measurements (model);
CREATE INDEX measurements_by_sha256 ON measurements (sha256);
PRAGMA application_id = 1701078885;
PRAGMA user_version = 2;
PRAGMA journal_mode = WAL;
"""


def test_a_file_that_an_older_edgeship_made_is_opened_read_and_written(path: Path) -> None:
    path.parent.mkdir()
    whole = session()
    old = sqlite3.connect(path)
    old.executescript(_OLD_SCHEMA)
    head = json.loads(whole.model_copy(update={"measurements": ()}).model_dump_json())
    old.execute(
        "INSERT INTO sessions VALUES (?, ?, 1, ?)", (whole.id, "adb:R5CT1234", json.dumps(head))
    )
    for position, one in enumerate(whole.measurements):
        # Its records lack what came later.
        record = json.loads(one.model_copy(update={"rounds": ()}).model_dump_json())
        del record["idle"], record["settings"]["idle_seconds"]
        subject = one.subject
        searched = (subject.label, subject.path, subject.sha256, subject.model)
        row = (whole.id, position, *searched, json.dumps(record))
        old.execute("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for each in one.rounds:
            record = json.loads(each.model_dump_json())
            del record["before"]["battery"], record["after"]["battery"]
            row = (whole.id, position, each.number, json.dumps(record))
            old.execute("INSERT INTO rounds VALUES (?, ?, ?, ?)", row)
    old.execute("INSERT INTO baselines VALUES ('a series', ?)", (whole.id,))
    old.commit()
    old.close()
    second = session("20261123-100000-00000002")
    with Store(path, create=False) as store:
        assert store.sessions() == [whole]
        assert store.baselines() == {"a series": whole.id}
        save(store, second)
        store.set_baseline("a series", second.id)
    with Store(path) as store:
        assert store.sessions() == [whole, second]
        assert store.baselines() == {"a series": second.id}
    with sqlite3.connect(path) as connection:
        indexes = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        assert {"sessions_by_device", "measurements_by_path"} <= {name for (name,) in indexes}
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()
