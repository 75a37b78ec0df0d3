"""One SQLite file that keeps every session: what was measured, on what, and under which conditions.

Each round is a transaction of its own in a write-ahead log. A process that is killed therefore
loses at most the round that it was in; the session is there, with `complete` False. Several
processes, and several threads of each, may write at the same time.

The records of `records.py` are stored as JSON; the columns beside it are those that are searched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pydantic import ValidationError

from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
)
from _edgeship.device_bench.results.record import Record
from _edgeship.device_bench.results.records import Measurement, Round, Session
from _edgeship.device_bench.store.database import Database
from _edgeship.errors import InputError

#: How many sessions a message names.
_NAMED = 5

_R = TypeVar("_R", bound=Record)


@dataclass(frozen=True)
class Filter:
    """Which sessions are wanted; a field that is empty excludes nothing.

    Attributes:
        ids: Ids of the sessions.
        device: Selector of the device.
        subject: A network's name, or a file's label, path or sha256; a session matches if it
            measured such a file.
    """

    ids: tuple[str, ...] = ()
    device: str = ""
    subject: str = ""


class Store:
    """The sessions in one file; use it as a context manager.

    Args:
        path: The file.
        create: Whether to make the file, and its folder, if it is missing.

    Raises:
        InputError: The file is missing, not a store, from another version, or not accessible.
            Every method raises it too if the disk is full or the file is damaged.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.is_file():
            raise InputError(
                f"There is no store at {path}.",
                todo="`python -m device_bench run FILE --device local` measures a file and makes "
                "one; or name another with --store FILE",
            )
        self._database = Database(path)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def listener(self, event: Event) -> None:
        """Save what an event says; this method is made to be the ``on_event`` of `measure`."""
        if isinstance(event, SessionStarted):
            self.begin(event.session)
        elif isinstance(event, MeasurementChanged):
            self.set_measurement(event.session_id, event.measurement_index, event.measurement)
        elif isinstance(event, RoundDone):
            self.add_round(event.session_id, event.measurement_index, event.round)
        elif isinstance(event, SessionEnded):
            self.finish(event.session_id, event.complete)

    def begin(self, session: Session) -> None:
        """Save a session and all that it holds so far; until `finish` it counts as cut short."""
        head = session.model_copy(update={"measurements": (), "complete": False})
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, 0, ?)",
                (session.id, session.device.selector, head.model_dump_json()),
            )
            for position, measurement in enumerate(session.measurements):
                _put_measurement(connection, session.id, position, measurement)
                for one in measurement.rounds:
                    _put_round(connection, session.id, position, one)

    def set_measurement(self, session_id: str, position: int, measurement: Measurement) -> None:
        """Save what is known about a measurement, except for its rounds.

        Args:
            session_id: A session that has begun.
            position: Index of the measurement within the session.
            measurement: Replaces what was saved there; its rounds are ignored, and those that were
                saved stay.
        """
        with self._database.writing() as connection:
            _put_measurement(connection, session_id, position, measurement)

    def add_round(self, session_id: str, position: int, one: Round) -> None:
        """Save a round of the measurement with this index; it is on disk when this returns."""
        with self._database.writing() as connection:
            _put_round(connection, session_id, position, one)

    def finish(self, session_id: str, complete: bool) -> None:
        """Record that a session ended, and whether all of it was measured."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE sessions SET complete = ? WHERE id = ?", (int(complete), session_id)
            )

    def session(self, session_id: str) -> Session:
        """Return one session.

        Raises:
            InputError: There is none with this id.
        """
        (found,) = self.sessions(Filter(ids=(session_id,)))
        return found

    def sessions(self, chosen: Filter = Filter()) -> list[Session]:
        """Return the chosen sessions with all that they hold, oldest first.

        Raises:
            InputError: An id is not in the store, or a record is damaged.
        """
        with self._database.reading() as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM sessions ORDER BY id")]
            for session_id in chosen.ids:
                if session_id not in ids:
                    raise _unknown(session_id, self.path, ids)
            rows = connection.execute(
                """SELECT id, complete, record FROM sessions WHERE (:device IN ('', device))
                AND (:subject = '' OR EXISTS (SELECT * FROM measurements WHERE session_id = id
                     AND :subject IN (label, path, sha256, model)))
                ORDER BY id""",
                {"device": chosen.device, "subject": chosen.subject},
            ).fetchall()
            return [
                self._read(Session, record).model_copy(
                    update={
                        "measurements": self._measurements(connection, session_id),
                        "complete": bool(complete),
                    }
                )
                for session_id, complete, record in rows
                if not chosen.ids or session_id in chosen.ids
            ]

    def set_baseline(self, series: str, session_id: str) -> None:
        """Remember the session that others of a series are compared with.

        Args:
            series: Name of the series, as `results.history.series_name` makes it.
            session_id: A session of the store.
        """
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO baselines VALUES (?, ?)", (series, session_id)
            )

    def baselines(self) -> dict[str, str]:
        """Return name of a series -> id of the session that was remembered for it."""
        with self._database.reading() as connection:
            return dict(connection.execute("SELECT series, session_id FROM baselines"))

    def _measurements(
        self, connection: sqlite3.Connection, session_id: str
    ) -> tuple[Measurement, ...]:
        rounds: dict[int, list[Round]] = {}
        for position, record in connection.execute(
            "SELECT position, record FROM rounds WHERE session_id = ? ORDER BY position, number",
            (session_id,),
        ):
            rounds.setdefault(position, []).append(self._read(Round, record))
        rows = connection.execute(
            "SELECT position, record FROM measurements WHERE session_id = ? ORDER BY position",
            (session_id,),
        )
        return tuple(
            self._read(Measurement, record).model_copy(
                update={"rounds": tuple(rounds.get(position, ()))}
            )
            for position, record in rows
        )

    def _read(self, kind: type[_R], record: str) -> _R:
        try:
            return kind.model_validate_json(record)
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(
                f"The store {self.path} holds a damaged {kind.__name__.lower()}.",
                why=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
                todo="name another store with --store FILE",
            ) from error


def _put_measurement(
    connection: sqlite3.Connection, session_id: str, position: int, measurement: Measurement
) -> None:
    subject = measurement.subject
    record = measurement.model_copy(update={"rounds": ()}).model_dump_json()
    connection.execute(
        """INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET record = excluded.record, label = excluded.label,
        path = excluded.path, sha256 = excluded.sha256, model = excluded.model""",
        (session_id, position, subject.label, subject.path, subject.sha256, subject.model, record),
    )


def _put_round(connection: sqlite3.Connection, session_id: str, position: int, one: Round) -> None:
    connection.execute(
        "INSERT INTO rounds VALUES (?, ?, ?, ?)",
        (session_id, position, one.number, one.model_dump_json()),
    )


def _unknown(session_id: str, path: Path, ids: Sequence[str]) -> InputError:
    return InputError(
        f"There is no session {session_id!r} in {path}.",
        todo=f"the newest ones are {', '.join(ids[-_NAMED:])}" if ids else "it is empty",
    )
