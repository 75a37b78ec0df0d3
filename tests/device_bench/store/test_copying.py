"""A store copied into another: the same rows, once, whatever happened before."""

import sqlite3
from pathlib import Path

import pytest

from _edgeship.device_bench.store.copying import Copied, copy
from _edgeship.device_bench.store.database import Database
from _edgeship.device_bench.store.place import place_of
from _edgeship.device_bench.store.store import Store
from _edgeship.errors import InputError
from tests.device_bench.store.saving import save
from tests.device_bench.store.server import Server
from tests.device_bench.synthetic import VIRTUAL, session, two_runners

FIRST, SECOND, THIRD = "20261120-090000-aaaa", "20261121-090000-bbbb", "20261122-090000-cccc"

TABLES = ("sessions", "measurements", "rounds", "baselines")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A file with three sessions, one of them cut short, and a baseline."""
    path = tmp_path / "filled.sqlite"
    with Store(path) as store:
        save(store, session(FIRST))
        save(store, session(SECOND, VIRTUAL, complete=False))
        save(store, two_runners(name=THIRD))
        store.set_baseline("a series", FIRST)
    return path


def _copy(source: object, target: object) -> Copied:
    opened, other = Database(place_of(str(source))), Database(place_of(str(target)))
    try:
        return copy(opened, other, lambda done, count: None)
    finally:
        opened.close()
        other.close()


def _in_file(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(path) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table in TABLES
        }


def _in_database(server: Server, name: str) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: server.run(f"SELECT * FROM edgeship.{table} ORDER BY 1, 2", name)  # noqa: S608
        for table in TABLES
    }


def test_both_databases_hold_the_same_rows(server: Server, filled: Path, tmp_path: Path) -> None:
    name = server.new_database()
    back = tmp_path / "back.sqlite"
    assert _copy(filled, server.url(name)) == Copied(3, 100, 0, 1)
    assert _copy(server.url(name), back) == Copied(3, 100, 0, 1)
    rows = _in_file(filled)
    assert [len(rows[table]) for table in TABLES] == [3, 10, 100, 1]
    for table in TABLES:
        by_key = sorted(rows[table], key=repr)
        assert sorted(_in_database(server, name)[table], key=repr) == by_key
        assert sorted(_in_file(back)[table], key=repr) == by_key
    with Store(filled) as one, Store(server.url(name)) as other:
        assert one.sessions() == other.sessions()
        assert one.baselines() == other.baselines()


def test_a_second_copy_changes_nothing_and_takes_what_is_new(filled: Path, place: str) -> None:
    _copy(filled, place)
    assert _copy(filled, place) == Copied(0, 0, 3, 0)
    fourth = session("20261123-090000-dddd")
    with Store(filled) as store:
        save(store, fourth)
        store.finish(SECOND, complete=True)
        store.set_baseline("a series", fourth.id)
    assert _copy(filled, place) == Copied(2, 60, 2, 0)
    with Store(place) as store, Store(filled) as there:
        assert store.sessions() == there.sessions()
        assert store.baselines() == {"a series": FIRST}


def test_two_sessions_with_one_id_are_told_apart(filled: Path, place: str) -> None:
    with Store(place) as store:
        save(store, session(SECOND))
        with pytest.raises(InputError, match=f"another session {SECOND}"):
            _copy(filled, place)
        assert store.session(SECOND) == session(SECOND)
