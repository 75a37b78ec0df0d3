"""Who does what: jobs that farms take from a store they share, each for a time that it renews.

A job is a name. A farm that takes it has it for some seconds and renews that while it lives; what
is not renewed runs out, and others may take it. All times are those of the database's clock, since
the farms' own differ. Rows of jobs that ended stay, and count for farms that were there then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, literal_column, or_, select, update

from _edgeship.device_bench.store.database import Database
from _edgeship.device_bench.store.tables import LEASES

#: Seconds since 1970, by the database.
_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "EXTRACT(EPOCH FROM clock_timestamp())::double precision",
}

#: More than the coarsest of these clocks takes to move on, in seconds.
_TICK = 0.002

Ended = Literal["done", "failed"]


@dataclass(frozen=True)
class Turn:
    """What is known of jobs that were asked for.

    Attributes:
        ours: Those that are this farm's now.
        ended: Those that another farm ended since this one began: name -> state and reason.
    """

    ours: tuple[str, ...] = ()
    ended: Mapping[str, tuple[Ended, str]] = field(default_factory=dict)


class Leases:
    """The jobs of one farm among those of all.

    Args:
        database: The store that they share.
        owner: A name that no other farm has.
        seconds: How long a job stays this farm's if it does not renew it.
    """

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self._owner = owner
        self._seconds = seconds
        with database.reading() as connection:
            self._began = float(connection.execute(select(_now(connection))).scalar_one())
        # SQLite's clock counts thousandths: what ends from here on has ended at a later one.
        time.sleep(_TICK)

    def take(self, names: Sequence[str], most: int) -> Turn:
        """Take jobs, the first ones that no other farm has, and learn which others have ended.

        Args:
            names: Of jobs, which need not be in the store yet.
            most: How many to take at most.
        """
        if not names:
            return Turn()
        table = LEASES.c
        rows = [{"name": name, "owner": "", "state": "open", "expires": 0.0} for name in names]
        new = self._database.insert(LEASES).on_conflict_do_nothing(index_elements=[table.name])
        with self._database.writing() as connection:
            known = select(table.name, table.state, table.ended, table.why, table.owner).where(
                table.name.in_(names)
            )
            there = {row.name for row in connection.execute(known)}
            missing = [row for row in rows if row["name"] not in there]
            if missing:
                connection.execute(new, missing)
            now = _now(connection)
            free = (
                select(table.name)
                .where(table.name.in_(names), self._free(now))
                .with_for_update(skip_locked=True)
            )
            open_ = set(connection.execute(free).scalars())
            ours = tuple(name for name in names if name in open_)[:most]
            if ours:
                connection.execute(
                    update(LEASES)
                    .where(table.name.in_(ours))
                    .values(
                        owner=self._owner,
                        state="held",
                        expires=now + self._seconds,
                        taken=table.taken + 1,
                        why="",
                    )
                )
            others = [name for name in names if name not in open_]
            ended: dict[str, tuple[Ended, str]] = {
                row.name: (row.state, row.why)
                for row in connection.execute(known)
                if row.name in others and row.state in ("done", "failed")
            }
        return Turn(ours, ended)

    def renew(self) -> int:
        """Keep everything that is this farm's for another while; return how many jobs that are."""
        table = LEASES.c
        with self._database.writing() as connection:
            done = connection.execute(
                update(LEASES)
                .where(table.owner == self._owner, table.state == "held")
                .values(expires=_now(connection) + self._seconds)
            )
            return done.rowcount

    def end(self, name: str, state: Ended, why: str = "") -> bool:
        """Say how a job ended; return whether it was still this farm's."""
        with self._database.writing() as connection:
            now = _now(connection)
            changed = connection.execute(
                update(LEASES)
                .where(self._held(name))
                .values(state=state, ended=now, why=why, expires=0.0)
            )
            return changed.rowcount == 1

    def give_back(self, name: str) -> None:
        """Let others take a job that this farm has and does not do."""
        with self._database.writing() as connection:
            connection.execute(
                update(LEASES).where(self._held(name)).values(state="open", owner="", expires=0.0)
            )

    def give_back_all(self) -> None:
        """Let others take all that this farm has."""
        mine = and_(LEASES.c.owner == self._owner, LEASES.c.state == "held")
        with self._database.writing() as connection:
            connection.execute(
                update(LEASES).where(mine).values(state="open", owner="", expires=0.0)
            )

    def _held(self, name: str) -> ColumnElement[bool]:
        table = LEASES.c
        return and_(table.name == name, table.owner == self._owner, table.state == "held")

    def _free(self, now: ColumnElement[float]) -> ColumnElement[bool]:
        """Return what is so of a job that may be taken."""
        table = LEASES.c
        return or_(
            table.state == "open",
            and_(table.state == "held", table.expires < now),
            # Of a run before this one: what it lacks now is to be done now.
            and_(table.state.in_(("done", "failed")), table.ended <= self._began),
        )


def _now(connection: Connection) -> ColumnElement[float]:
    return literal_column(_NOW[connection.dialect.name])
