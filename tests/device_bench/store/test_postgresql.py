"""What only a server can be: away, without the database, without rights, of another version."""

import sys
from urllib.parse import quote

import pytest

from _edgeship.device_bench.store.store import Store
from _edgeship.device_bench.store.tables import SCHEMA_VERSION
from _edgeship.errors import InputError
from tests.device_bench.store.saving import save
from tests.device_bench.store.server import PASSWORD, Server, programs
from tests.device_bench.synthetic import session


def test_a_server_that_is_away_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"cannot be reached(.|\n)*refused") as caught:
        Store("postgresql://bench:geheim@127.0.0.1:1/farm")
    assert "geheim" not in str(caught.value)
    assert str(caught.value).count("\n") == 2


def test_a_database_that_does_not_exist_is_one_sentence(server: Server) -> None:
    with pytest.raises(InputError, match="does not exist"):
        Store(server.url("nobody_made_this"))


def test_a_wrong_password_is_one_sentence_and_not_shown(server: Server) -> None:
    name = server.new_database()
    with pytest.raises(InputError, match=r"password authentication failed") as caught:
        Store(server.tcp_url(name, "geheim"))
    assert "geheim" not in str(caught.value)
    with Store(server.tcp_url(name, quote(PASSWORD, safe=""))) as store:
        save(store, session())
        assert store.sessions() == [session()]


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"needs psycopg(.|\n)*pip install 'edgeship\[farm\]'"):
        Store("postgresql://bench@127.0.0.1/farm")


def test_a_database_without_tables_is_no_store_for_readers(server: Server) -> None:
    name = server.new_database()
    with pytest.raises(InputError, match="There is no store"):
        Store(server.url(name), create=False)
    assert server.run("SELECT nspname FROM pg_namespace WHERE nspname = 'edgeship'", name) == []


def test_a_newer_store_is_refused(server: Server) -> None:
    name = server.new_database()
    Store(server.url(name)).__exit__(None, None, None)
    server.run("UPDATE edgeship.store SET version = version + 1", name)
    with pytest.raises(InputError, match=rf"another version(.|\n)*version {SCHEMA_VERSION + 1}"):
        Store(server.url(name))


def test_tables_of_others_with_the_same_names_are_left_alone(server: Server) -> None:
    name = server.new_database()
    server.run("CREATE TABLE sessions (theirs integer)", name)
    with Store(server.url(name)) as store:
        save(store, session())
        assert store.sessions() == [session()]
    assert server.run("SELECT count(*) FROM sessions", name) == [(0,)]


def test_who_may_not_make_tables_is_told_what_is_missing(server: Server) -> None:
    name = server.new_database()
    server.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    url = server.url(name).replace("bench@", "guest@")
    with pytest.raises(InputError, match=r"permission denied(.|\n)*grant"):
        Store(url)
    with Store(server.url(name)) as store:
        save(store, session())
    with pytest.raises(InputError, match=r"permission denied(.|\n)*grant"):
        Store(url, create=False).sessions()
    server.run("GRANT USAGE ON SCHEMA edgeship TO guest", name)
    server.run("GRANT SELECT ON ALL TABLES IN SCHEMA edgeship TO guest", name)
    with Store(url, create=False) as store:
        assert store.sessions() == [session()]
        with pytest.raises(InputError, match="permission denied"):
            store.finish(session().id, complete=False)


def test_a_server_that_is_started_anew_between_rounds_costs_nothing() -> None:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    whole = session()
    with Server(found) as server, Store(server.url(server.new_database())) as store:
        save(store, whole)
        server.stop()
        server.start()
        assert store.sessions() == [whole]
        server.stop()
        server.start()
        store.finish(whole.id, complete=False)
        assert not store.session(whole.id).complete


def test_a_connection_that_breaks_within_a_transaction_leaves_nothing(server: Server) -> None:
    name = server.new_database()
    whole = session()
    with Store(server.url(name)) as store:
        with pytest.raises(InputError, match="cannot be"), store._database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO edgeship.sessions VALUES ('x', '', 0, '')")
            server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                name,
            )
            connection.exec_driver_sql("SELECT 1")
        assert store.sessions() == []
        save(store, whole)
        assert store.sessions() == [whole]


def test_a_store_of_an_older_version_is_brought_up_to_date(server: Server) -> None:
    database = server.new_database()
    url = server.url(database)
    with Store(url) as store:
        save(store, session("20261122-100000-0001"))
    for statement in (
        "DROP TABLE edgeship.leases",
        "DROP TABLE edgeship.evaluations",
        "DROP INDEX edgeship.measurements_by_path",
        "UPDATE edgeship.store SET version = 3",
    ):
        server.run(statement, database)
    with Store(url) as store:
        assert store.leases("farm", 60).take(["a job"], 1).ours == ("a job",)
        assert store.sessions() == [session("20261122-100000-0001")]
    [(version,)] = server.run("SELECT version FROM edgeship.store", database)
    assert version == SCHEMA_VERSION
    indexes = server.run("SELECT indexname FROM pg_indexes WHERE schemaname = 'edgeship'", database)
    assert ("measurements_by_path",) in indexes
