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
