"""What a measurement tells while it runs, to whoever listens: a store, a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.device_bench.results.records import Measurement, Round, Session


@dataclass(frozen=True)
class SessionStarted:
    """A session begins; its measurements have no rounds yet.

    Attributes:
        session: With the device, and a measurement for each file; ``complete`` is False until the
            end.
    """

    session: Session


@dataclass(frozen=True)
class MeasurementChanged:
    """Something other than its rounds was added to a measurement: parity, profile, warnings.

    Attributes:
        session_id: Of which session.
        measurement_index: Place in ``Session.measurements``.
        measurement: As it is now; it holds the rounds told so far by `RoundDone`.
    """

    session_id: str
    measurement_index: int
    measurement: Measurement


@dataclass(frozen=True)
class RoundDone:
    """A process has ended well.

    Attributes:
        session_id: Of which session.
        measurement_index: Place in ``Session.measurements``.
        round: What it gave.
    """

    session_id: str
    measurement_index: int
    round: Round


@dataclass(frozen=True)
class Waiting:
    """Nothing runs for a while.

    Attributes:
        session_id: Of which session.
        reason: Such as "the device to cool down: 41 °C, 38 °C at the start".
        seconds: At most so long from now.
    """

    session_id: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class SessionEnded:
    """A session is over, well or not.

    Attributes:
        session_id: Of which session.
        complete: Whether all that was planned was measured.
    """

    session_id: str
    complete: bool


Event = SessionStarted | MeasurementChanged | RoundDone | Waiting | SessionEnded
