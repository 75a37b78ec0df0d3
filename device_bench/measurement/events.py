"""The events of a measurement while it runs, for whoever listens: a store, a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.device_bench.results.records import Measurement, Round, Session


@dataclass(frozen=True)
class SessionStarted:
    """A session begins; its measurements have no rounds yet.

    Attributes:
        session: It has the device and a measurement for each file, and is not ``complete``.
    """

    session: Session


@dataclass(frozen=True)
class MeasurementChanged:
    """Something other than a round was added to a measurement: parity, profile, warnings.

    Attributes:
        session_id: Id of the session.
        measurement_index: Index in ``Session.measurements``.
        measurement: As it is now, with the rounds of all `RoundDone` so far.
    """

    session_id: str
    measurement_index: int
    measurement: Measurement


@dataclass(frozen=True)
class RoundDone:
    """A process has ended without an error.

    Attributes:
        session_id: Id of the session.
        measurement_index: Index in ``Session.measurements``.
        round: What the process reported, and the conditions.
    """

    session_id: str
    measurement_index: int
    round: Round


@dataclass(frozen=True)
class Waiting:
    """Nothing runs for a while.

    Attributes:
        session_id: Id of the session.
        reason: What is waited for, such as "the device to cool down: 41 °C, 38 °C at the start".
        seconds: The longest that this wait may take.
    """

    session_id: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class SessionEnded:
    """A session is over, with or without an error.

    Attributes:
        session_id: Id of the session.
        complete: Whether all that was planned was measured.
    """

    session_id: str
    complete: bool


Event = SessionStarted | MeasurementChanged | RoundDone | Waiting | SessionEnded
