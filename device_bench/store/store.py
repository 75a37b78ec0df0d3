"""Every session that was kept: what was measured, on what, and under which conditions.

Each round is a transaction of its own. A process that is killed therefore loses at most the round
that it was in; the session is there, with `complete` False. Several processes, and several threads
of each, may write at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
)
from _edgeship.device_bench.results.record import Record
from _edgeship.device_bench.results.records import (
    Measurement,
    MeasurementSettings,
    Properties,
    Round,
    Session,
)
from _edgeship.device_bench.store.database import Database
from _edgeship.device_bench.store.filters import Filter as Filter
from _edgeship.device_bench.store.filters import conditions, means
from _edgeship.device_bench.store.leases import Leases
from _edgeship.device_bench.store.place import Place, place_of
from _edgeship.device_bench.store.tables import (
    BASELINES,
    EVALUATIONS,
    MEASUREMENTS,
    ROUNDS,
    SESSIONS,
)
from _edgeship.errors import InputError

#: How many sessions a message names.
_NAMED = 5

#: Of how many sessions or files the parts are read at once.
_TOGETHER = 200

_ALL = Filter()

_R = TypeVar("_R", bound=Record)
_T = TypeVar("_T")


class Store:
    """The sessions in one file or database; use it as a context manager.

    Args:
        place: The file or the database.
        create: Whether to make the file and its folder, or the tables, if they are missing.

    Raises:
        InputError: The store is missing, is none, is from another version, or not accessible.
            Every method raises it too if the disk is full, the file is damaged or the server away.
    """

    def __init__(self, place: Place | Path | str, *, create: bool = True) -> None:
        self.place = place_of(place)
        if not create and not self.place.exists:
            raise InputError(
                f"There is no store at {self.place}.",
                todo="`python -m device_bench run FILE --device local` measures a file and makes "
                "one; or name another with --store FILE",
            )
        self._database = Database(self.place, create=create)

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
                SESSIONS.insert().values(
                    id=session.id,
                    device=session.device.selector,
                    complete=0,
                    record=head.model_dump_json(),
                )
            )
            for position, measurement in enumerate(session.measurements):
                self._put_measurement(connection, session.id, position, measurement)
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
            self._put_measurement(connection, session_id, position, measurement)

    def add_round(self, session_id: str, position: int, one: Round) -> None:
        """Save a round of the measurement with this index; it is on disk when this returns."""
        with self._database.writing() as connection:
            _put_round(connection, session_id, position, one)

    def finish(self, session_id: str, complete: bool) -> None:
        """Record that a session ended, and whether all of it was measured."""
        with self._database.writing() as connection:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.id == session_id).values(complete=int(complete))
            )

    def session(self, session_id: str) -> Session:
        """Return one session.

        Raises:
            InputError: There is none with this id.
        """
        (found,) = self.sessions(Filter(ids=(session_id,)))
        return found

    def sessions(self, chosen: Filter = _ALL) -> list[Session]:
        """Return the chosen sessions with all that they hold, oldest first.

        Raises:
            InputError: An id is not in the store, or a record is damaged.
        """
        with self._database.reading() as connection:
            heads = _heads(connection, chosen)
            missing = set(chosen.ids) - {head.id for head in heads}
            for name in sorted(missing):
                self._check_known(connection, name)
            return [
                self._read(Session, head.record).model_copy(
                    update={
                        "measurements": parts.get(head.id, ()),
                        "complete": bool(head.complete),
                    }
                )
                for some in _batches(heads)
                for parts in [self._parts(connection, [head.id for head in some], chosen)]
                for head in some
            ]

    def count(self, chosen: Filter = _ALL) -> int:
        """Return how many sessions a filter chooses; what it says of the newest is ignored."""
        with self._database.reading() as connection:
            wanted = select(func.count()).select_from(SESSIONS).where(*conditions(chosen))
            return connection.execute(wanted).scalar_one()

    def count_rounds(self, chosen: Filter) -> int:
        """Return how many rounds `sessions` would read."""
        rows = ROUNDS.c
        wanted = select(func.count()).select_from(ROUNDS)
        if found := conditions(chosen):
            wanted = wanted.where(rows.session_id.in_(select(SESSIONS.c.id).where(*found)))
        if chosen.alone and chosen.subject:
            both = (MEASUREMENTS.c.session_id == rows.session_id) & (
                MEASUREMENTS.c.position == rows.position
            )
            wanted = wanted.where(
                select(MEASUREMENTS.c.position).where(both, means(chosen.subject)).exists()
            )
        with self._database.reading() as connection:
            return connection.execute(wanted).scalar_one()

    def measured(
        self, digests: Sequence[str]
    ) -> dict[str, list[tuple[Properties, MeasurementSettings]]]:
        """Return where and how files were measured in full, without what was measured.

        Args:
            digests: Their sha256.

        Returns:
            sha256 -> device and settings of each measurement of it in a session that is complete,
            oldest first; files without any are left out.

        Raises:
            InputError: A record is damaged.
        """
        table = MEASUREMENTS.c
        wanted = (
            select(table.sha256, table.record, SESSIONS.c.id, SESSIONS.c.record)
            .join(SESSIONS, SESSIONS.c.id == table.session_id)
            .where(SESSIONS.c.complete == 1)
            .order_by(SESSIONS.c.id, table.position)
        )
        devices: dict[str, Properties] = {}
        found: dict[str, list[tuple[Properties, MeasurementSettings]]] = {}
        with self._database.reading() as connection:
            for some in _batches(digests):
                for digest, record, name, head in connection.execute(
                    wanted.where(table.sha256.in_(some))
                ):
                    if name not in devices:
                        devices[name] = self._read(Session, head).device
                    settings = self._read(Measurement, record).settings
                    found.setdefault(digest, []).append((devices[name], settings))
        return found

    def set_baseline(self, series: str, session_id: str) -> None:
        """Remember the session that others of a series are compared with.

        Args:
            series: Name of the series, as `results.history.series_name` makes it.
            session_id: A session of the store.
        """
        row = {"series": series, "session_id": session_id}
        new = self._database.insert(BASELINES).values(row)
        with self._database.writing() as connection:
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[BASELINES.c.series],
                    set_={"session_id": new.excluded.session_id},
                )
            )

    def baselines(self) -> dict[str, str]:
        """Return name of a series -> id of the session that was remembered for it."""
        with self._database.reading() as connection:
            found = connection.execute(select(BASELINES.c.series, BASELINES.c.session_id))
            return {row.series: row.session_id for row in found}

    def keep_evaluation(self, key: str, sha256: str, record: str) -> None:
        """Save how good a file is, in JSON; one that is there already stays.

        Args:
            key: The digest of what decides it.
            sha256: Of the file.
            record: What was found.
        """
        row = {"key": key, "sha256": sha256, "record": record}
        new = self._database.insert(EVALUATIONS).values(row)
        with self._database.writing() as connection:
            connection.execute(new.on_conflict_do_nothing(index_elements=[EVALUATIONS.c.key]))

    def evaluation(self, key: str) -> str | None:
        """Return the record that was saved for a key, if there is one."""
        with self._database.reading() as connection:
            wanted = select(EVALUATIONS.c.record).where(EVALUATIONS.c.key == key)
            return connection.execute(wanted).scalar_one_or_none()

    def leases(self, owner: str, seconds: float) -> Leases:
        """Return the jobs of a farm among those that share this store; see `Leases`."""
        return Leases(self._database, owner, seconds)

    def _parts(
        self, connection: Connection, ids: Sequence[str], chosen: Filter
    ) -> dict[str, tuple[Measurement, ...]]:
        """Return id of a session -> its measurements with their rounds."""
        table = MEASUREMENTS.c
        wanted: list[ColumnElement[bool]] = [table.session_id.in_(ids)]
        rows = select(ROUNDS.c.session_id, ROUNDS.c.position, ROUNDS.c.record)
        if chosen.alone and chosen.subject:
            wanted.append(means(chosen.subject))
            rows = rows.join(
                MEASUREMENTS,
                (table.session_id == ROUNDS.c.session_id) & (table.position == ROUNDS.c.position),
            ).where(means(chosen.subject))
        rounds: dict[tuple[str, int], list[Round]] = {}
        for name, position, record in connection.execute(
            rows.where(ROUNDS.c.session_id.in_(ids)).order_by(
                ROUNDS.c.session_id, ROUNDS.c.position, ROUNDS.c.number
            )
        ):
            rounds.setdefault((name, position), []).append(self._read(Round, record))
        found: dict[str, tuple[Measurement, ...]] = {}
        for name, position, record in connection.execute(
            select(table.session_id, table.position, table.record)
            .where(*wanted)
            .order_by(table.session_id, table.position)
        ):
            some = tuple(rounds.get((name, position), ()))
            one = self._read(Measurement, record).model_copy(update={"rounds": some})
            found[name] = (*found.get(name, ()), one)
        return found

    def _put_measurement(
        self, connection: Connection, session_id: str, position: int, measurement: Measurement
    ) -> None:
        subject = measurement.subject
        searched = {
            "label": subject.label,
            "path": subject.path,
            "sha256": subject.sha256,
            "model": subject.model,
            "record": measurement.model_copy(update={"rounds": ()}).model_dump_json(),
        }
        new = self._database.insert(MEASUREMENTS).values(
            session_id=session_id, position=position, **searched
        )
        connection.execute(
            new.on_conflict_do_update(
                index_elements=[MEASUREMENTS.c.session_id, MEASUREMENTS.c.position], set_=searched
            )
        )

    def _check_known(self, connection: Connection, session_id: str) -> None:
        if connection.execute(select(SESSIONS.c.id).where(SESSIONS.c.id == session_id)).first():
            return
        newest = select(SESSIONS.c.id).order_by(SESSIONS.c.id.desc()).limit(_NAMED)
        names = [row.id for row in connection.execute(newest)]
        raise InputError(
            f"There is no session {session_id!r} in {self.place}.",
            todo=f"the newest ones are {', '.join(reversed(names))}" if names else "it is empty",
        )

    def _read(self, kind: type[_R], record: str) -> _R:
        try:
            return kind.model_validate_json(record)
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(
                f"The store {self.place} holds a damaged {kind.__name__.lower()}.",
                why=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
                todo="name another store with --store FILE",
            ) from error


def _put_round(connection: Connection, session_id: str, position: int, one: Round) -> None:
    connection.execute(
        ROUNDS.insert().values(
            session_id=session_id,
            position=position,
            number=one.number,
            record=one.model_dump_json(),
        )
    )


def _heads(connection: Connection, chosen: Filter) -> list[Row[tuple[str, int, str]]]:
    """Return id, completeness and record of the chosen sessions, oldest first."""
    wanted = select(SESSIONS.c.id, SESSIONS.c.complete, SESSIONS.c.record)
    wanted = wanted.where(*conditions(chosen)).order_by(SESSIONS.c.id.desc())
    if chosen.last:
        wanted = wanted.limit(chosen.last)
    return list(reversed(connection.execute(wanted).all()))


def _batches(every: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(every), _TOGETHER):
        yield every[start : start + _TOGETHER]
