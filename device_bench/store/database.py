"""The SQLite file under the store: its tables, its transactions, and what goes wrong with it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _edgeship.errors import InputError

#: Incremented with every change of the tables or of the records. Version 2 added what accelerators
#: took: a version 1 has none, and is otherwise the same.
SCHEMA_VERSION = 2

_OLDER = (1,)

#: Marks the file as ours among SQLite files: "edge" in ASCII.
_APPLICATION_ID = int.from_bytes(b"edge", "big")

#: How long a writer waits for another; each transaction takes milliseconds.
_BUSY_SECONDS = 30.0

_SCHEMA = """
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
"""


class Database:
    """An open file, which several processes, and several threads of each, may use at once.

    Args:
        path: The file. It and its folder are made if they are missing.

    Raises:
        InputError: The file is not a store, is from another version, or is not accessible.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Transactions are begun explicitly, and the lock lets threads share the connection.
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._check_or_make_tables()
            with self._explained():
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; nothing is lost if this is never called."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction that takes the write lock at once.

        One that reads first and writes later could fail, because another has written meanwhile.

        Raises:
            InputError: The disk is full, or the file is damaged.
        """
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, such as a full disk.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run statements that all see the same state of the file.

        Raises:
            InputError: The file is damaged.
        """
        with self._lock, self._explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _check_or_make_tables(self) -> None:
        """Make the tables of a new file, and bring an older one up to date; leave others alone."""
        with self.writing() as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if (application, version, tables) == (0, 0, 0):
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif application != _APPLICATION_ID:
                raise InputError(
                    f"{self.path} is an SQLite file of another program.",
                    todo="name another file with --store FILE",
                )
            elif version in _OLDER:
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise InputError(
                    f"{self.path} was written by another version of edgeship.",
                    why=f"its tables have version {version}, this edgeship reads {SCHEMA_VERSION}",
                    todo="use that version, or name another file with --store FILE",
                )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours, except for broken constraints, which are bugs of ours."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            raise InputError(
                f"The store {self.path} cannot be used.",
                why=str(error),
                todo="check that it is a file of edgeship's, that it may be written and that the "
                "disk has room; or name another with --store FILE",
            ) from error
