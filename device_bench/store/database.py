"""The database under the store: its transactions, and what goes wrong with it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from _edgeship.device_bench.store import postgresql, sqlite
from _edgeship.device_bench.store.place import Place
from _edgeship.errors import InputError

#: How long a transaction waits for a server that has gone away since the store was opened.
_AWAY_SECONDS = 30.0


class Database:
    """An open store, which several processes, and several threads of each, may use at once.

    Args:
        place: Where it is. A file and its folder, or the tables of a database, are made if they
            are missing.
        create: Whether to make them.

    Raises:
        InputError: What is there is not a store, or from another version, or not accessible.
    """

    def __init__(self, place: Place, *, create: bool = True) -> None:
        self.place = place
        self._lock = threading.Lock()
        with self._explained():
            self._engine = _open(place)
        try:
            with self._explained():
                if place.path is not None:
                    sqlite.make_tables(self._engine, place.path)
                else:
                    postgresql.make_tables(self._engine, place, create=create)
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close all connections; nothing is lost if this is never called."""
        with self._lock:
            self._engine.dispose()

    def insert(self, table: Table) -> Any:
        """Return an INSERT that may say what happens where a row is there already."""
        return (sqlite if self.place.path is not None else postgresql).INSERT(table)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a transaction that writes: all of it is kept, or nothing.

        Raises:
            InputError: The disk is full, the file is damaged, or the server went away.
        """
        with (
            self._lock,
            self._explained(),
            self._connect(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run statements that all see the same state of the store.

        Raises:
            InputError: The file is damaged, or the server went away.
        """
        with self._lock, self._explained(), self._connect(writes=False) as connection:
            yield connection

    def _connect(self, *, writes: bool) -> Connection:
        """Return a connection; a server that is being started anew is waited for."""
        deadline = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                connection = self._engine.connect()
            except OperationalError:
                if self.place.path is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                break
        if self.place.path is not None:
            return connection.execution_options(**{sqlite.WRITES: writes})
        if writes:
            return connection
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a database's errors into ours, except for broken constraints: bugs of ours."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            if self.place.path is None:
                raise postgresql.explained(error, self.place) from error
            raise _unusable(self.place.path, error.orig or error) from error
        except (sqlite3.DatabaseError, OSError) as error:
            if self.place.path is None:
                raise
            raise _unusable(self.place.path, error) from error


def _open(place: Place) -> Engine:
    if place.path is not None:
        return sqlite.open_engine(place.path)
    return postgresql.open_engine(place)


def _unusable(path: Path, error: BaseException) -> InputError:
    return InputError(
        f"The store {path} cannot be used.",
        why=str(error),
        todo="check that it is a file of edgeship's, that it may be written and that the disk has "
        "room; or name another with --store FILE",
    )
