"""Makes sessions of events again: what is known so far, also of a session that was cut short."""

from __future__ import annotations

from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
)
from _edgeship.device_bench.results.records import Measurement, Session


class Collector:
    """Listens to any number of sessions.

    Attributes:
        sessions: Id -> what is known of that session, in the order in which they began.
    """

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def listener(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, SessionStarted):
            self.sessions[event.session.id] = event.session
        elif isinstance(event, MeasurementChanged):
            self._replace(event.session_id, event.measurement_index, event.measurement)
        elif isinstance(event, RoundDone):
            index = event.measurement_index
            known = self.sessions[event.session_id].measurements[index]
            rounds = (*known.rounds, event.round)
            self._replace(event.session_id, index, known.model_copy(update={"rounds": rounds}))
        elif isinstance(event, SessionEnded):
            session = self.sessions[event.session_id]
            self.sessions[event.session_id] = session.model_copy(
                update={"complete": event.complete}
            )

    def _replace(self, session_id: str, index: int, measurement: Measurement) -> None:
        session = self.sessions[session_id]
        measurements = list(session.measurements)
        measurements[index] = measurement
        self.sessions[session_id] = session.model_copy(update={"measurements": tuple(measurements)})
