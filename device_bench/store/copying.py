"""Copies what one store has into another, record by record, as it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select, update

from _edgeship.device_bench.store.database import Database
from _edgeship.device_bench.store.tables import (
    BASELINES,
    EVALUATIONS,
    MEASUREMENTS,
    ROUNDS,
    SESSIONS,
)
from _edgeship.errors import InputError


@dataclass(frozen=True)
class Copied:
    """What a copy did.

    Attributes:
        sessions: Sessions that were written.
        rounds: Rounds of these.
        known: Sessions that were there already.
        baselines: Baselines that were taken over; those of the other store stay as they are.
    """

    sessions: int
    rounds: int
    known: int
    baselines: int


def copy(source: Database, target: Database, tell: Callable[[int, int], None]) -> Copied:
    """Copy all sessions, evaluations and baselines that the target does not have.

    Each session is one transaction. A copy that was cut short is finished by another one, and so is
    a session that was still being measured.

    Args:
        source: Where to read; it may be in use.
        target: Where to write; it may be in use.
        tell: Called after each session with how many are done, and how many there are.

    Raises:
        InputError: A store cannot be used, or both have a session with the same id but another
            content.
    """
    with source.reading() as connection:
        ids = list(connection.execute(select(SESSIONS.c.id).order_by(SESSIONS.c.id)).scalars())
    written = rounds = 0
    for done, session_id in enumerate(ids, start=1):
        found = _copy_session(source, target, session_id)
        written += found is not None
        rounds += found or 0
        tell(done, len(ids))
    _copy_evaluations(source, target)
    return Copied(written, rounds, len(ids) - written, _copy_baselines(source, target))


def _copy_session(source: Database, target: Database, session_id: str) -> int | None:
    """Copy a session; return its number of rounds, or None if the target has all of it."""
    with source.reading() as connection:
        session = connection.execute(select(SESSIONS).where(SESSIONS.c.id == session_id)).one()
        with target.reading() as there:
            if _is_known(there, session, target):
                return None
        parts = {
            table: [
                dict(row._mapping)
                for row in connection.execute(select(table).where(table.c.session_id == session_id))
            ]
            for table in (MEASUREMENTS, ROUNDS)
        }
    with target.writing() as connection:
        if not _is_known(connection, session, target):
            # What a copy found of a session that was not complete then.
            for table in (ROUNDS, MEASUREMENTS):
                connection.execute(delete(table).where(table.c.session_id == session_id))
            _put_head(connection, session)
            for table, rows in parts.items():
                _insert(connection, table, rows)
    return len(parts[ROUNDS])


def _is_known(connection: Connection, session: Row[Any], target: Database) -> bool:
    """Return whether a store has a session; a part of one does not count.

    Raises:
        InputError: It has another one with this id.
    """
    there = connection.execute(select(SESSIONS).where(SESSIONS.c.id == session.id)).one_or_none()
    if there is None:
        return False
    if (there.device, there.record) != (session.device, session.record):
        raise InputError(
            f"The store {target.place} has another session {session.id}.",
            todo="keep these stores apart: two measurements were given the same id",
        )
    return bool(there.complete) or not session.complete


def _put_head(connection: Connection, session: Row[Any]) -> None:
    changed = connection.execute(
        update(SESSIONS).where(SESSIONS.c.id == session.id).values(complete=session.complete)
    )
    if changed.rowcount == 0:
        connection.execute(SESSIONS.insert().values(dict(session._mapping)))


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _copy_evaluations(source: Database, target: Database) -> None:
    with source.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(EVALUATIONS))]
    new = target.insert(EVALUATIONS).on_conflict_do_nothing(index_elements=[EVALUATIONS.c.key])
    if rows:
        with target.writing() as connection:
            connection.execute(new, rows)


def _copy_baselines(source: Database, target: Database) -> int:
    with source.reading() as connection:
        wanted = {
            row.series: row.session_id
            for row in connection.execute(select(BASELINES.c.series, BASELINES.c.session_id))
        }
    with target.writing() as connection:
        known = set(connection.execute(select(BASELINES.c.series)).scalars())
        rows = [
            {"series": series, "session_id": session_id}
            for series, session_id in wanted.items()
            if series not in known
        ]
        _insert(connection, BASELINES, rows)
    return len(rows)
