"""Which sessions are wanted, and what that is in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from _edgeship.device_bench.store.tables import MEASUREMENTS, SESSIONS


@dataclass(frozen=True)
class Filter:
    """Which sessions are wanted; a field that is empty excludes nothing.

    Attributes:
        ids: Ids of the sessions.
        device: Selector of the device.
        subject: A network's name, or a file's label, path or sha256; a session matches if it
            measured such a file.
        since: The first day, as "2026-11-22", in UTC.
        last: At most this many, the newest; 0 for all.
        alone: Whether measurements of other files than the subject are left out of the sessions.
    """

    ids: tuple[str, ...] = ()
    device: str = ""
    subject: str = ""
    since: str = ""
    last: int = 0
    alone: bool = False


def conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    """Return what a row of the sessions must fulfil; how many are wanted is no condition."""
    found: list[ColumnElement[bool]] = []
    if chosen.ids:
        found.append(SESSIONS.c.id.in_(chosen.ids))
    if chosen.device:
        found.append(SESSIONS.c.device == chosen.device)
    if chosen.since:
        found.append(SESSIONS.c.id >= chosen.since.replace("-", ""))
    if chosen.subject:
        having = select(MEASUREMENTS.c.session_id).where(means(chosen.subject))
        found.append(SESSIONS.c.id.in_(having))
    return found


def means(subject: str) -> ColumnElement[bool]:
    """Return the condition that a measurement is of this network or file."""
    table = MEASUREMENTS.c
    return or_(*(one == subject for one in (table.label, table.path, table.sha256, table.model)))
