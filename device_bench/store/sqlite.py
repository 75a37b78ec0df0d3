"""A store in an SQLite file, which several processes, and several threads of each, may use at once.

Rounds go into a write-ahead log; readers and a writer do not wait for one another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert

from _edgeship.device_bench.store.tables import METADATA, OLDER_VERSIONS, SCHEMA_VERSION
from _edgeship.errors import InputError

#: Makes an INSERT that may say what happens where a row is there already.
INSERT = insert

#: Marks the file as ours among SQLite files: "edge" in ASCII.
_APPLICATION_ID = int.from_bytes(b"edge", "big")

#: How long a writer waits for another; each transaction takes milliseconds.
_BUSY_SECONDS = 30.0

#: Execution option: whether a transaction is going to write.
WRITES = "edgeship_writes"


def open_engine(path: Path) -> Engine:
    """Return an engine for the file, whose folder is made if it is missing.

    Raises:
        OSError: The folder cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # Transactions are begun below: the driver's own would begin too late, at the first write.
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def make_tables(engine: Engine, path: Path) -> None:
    """Make the tables of a new file, and bring an older one up to date; leave others alone.

    Raises:
        InputError: The file is of another program or version.
    """
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        application = _pragma(connection, "application_id")
        version = _pragma(connection, "user_version")
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if (application, version, tables) == (0, 0, 0):
            METADATA.create_all(connection, checkfirst=False)
            connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif application != _APPLICATION_ID:
            raise InputError(
                f"{path} is an SQLite file of another program.",
                todo="name another file with --store FILE",
            )
        elif version in OLDER_VERSIONS:
            _make_missing(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise InputError(
                f"{path} was written by another version of edgeship.",
                why=f"its tables have version {version}, this edgeship reads {SCHEMA_VERSION}",
                todo="use that version, or name another file with --store FILE",
            )
    # Only now: the file of another program is left as it is.
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()


def _make_missing(connection: Connection) -> None:
    """Make the tables and the indexes that a store of an older version lacks."""
    METADATA.create_all(connection)
    for table in METADATA.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _prepare_connection(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin a transaction; one that is going to write takes the lock at once.

    One that reads first and writes later could fail, because another has written meanwhile.
    """
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
