"""Events of a measurement in JSON types, from the process or the machine that measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from _edgeship.device_bench.measurement.events import (
    Event,
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (SessionStarted, MeasurementChanged, RoundDone, Waiting, SessionEnded)
}


def to_json(event: Event) -> dict[str, Any]:
    """Return an event in JSON types."""
    kind = type(event).__name__
    return {"event": kind, **_KINDS[kind].dump_python(event, mode="json")}


def from_json(value: Mapping[str, Any]) -> Event:
    """Return the event that `to_json` wrote."""
    own = {name: each for name, each in value.items() if name != "event"}
    found: Event = _KINDS[value["event"]].validate_python(own)
    return found
