"""One row per measurement, from which every table, file and plot of a report is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from _edgeship.device_bench.results.app_conditions import AppConditions
from _edgeship.device_bench.results.hardware import accelerator_text, on_software
from _edgeship.device_bench.results.records import (
    Conditions,
    Measurement,
    MeasurementSettings,
    Session,
)
from _edgeship.device_bench.results.statistics import Summary, summarize


@dataclass(frozen=True)
class Row:
    """A measurement, the session that it is from, and its figures.

    Attributes:
        session: The session that it is part of.
        measurement: With its rounds.
    """

    session: Session
    measurement: Measurement

    @cached_property
    def summary(self) -> Summary | None:
        """Its figures, which take a while to compute; None without any run."""
        rounds = self.measurement.rounds
        return summarize(rounds) if any(one.process.runs for one in rounds) else None

    @property
    def unit(self) -> str:
        """The unit of its times, "ns" or "instructions"."""
        return self.session.device.unit

    @property
    def minute(self) -> str:
        """When its session started, as "2026-11-22 14:25" in UTC."""
        return self.session.started[:16].replace("T", " ")

    @property
    def day(self) -> str:
        """The day on which its session started, as "2026-11-22" in UTC."""
        return self.session.started[:10]

    @property
    def runtime(self) -> str:
        """Name and version of the library that ran it; "" before any round."""
        return next((one.process.runtime for one in self.measurement.rounds), "")

    @property
    def runner(self) -> str:
        """The runner that was used."""
        return self.measurement.settings.runner

    @property
    def title(self) -> str:
        """The file, with how it ran where its session has several ways."""
        return title(self.session, self.measurement)

    @property
    def degrees_before(self) -> float | None:
        """The highest temperature before the first round, in degrees Celsius; None if unknown."""
        return hottest([one.before for one in self.measurement.rounds[:1]])

    @property
    def degrees_after(self) -> float | None:
        """The highest temperature of any sensor after any round; None if unknown."""
        return hottest([one.after for one in self.measurement.rounds])

    @property
    def delegated(self) -> str:
        """What delegates took, by the accelerator, the profile or the runtime; "" if unknown."""
        measurement = self.measurement
        if measurement.acceleration is not None and measurement.acceleration.taken_text:
            return measurement.acceleration.taken_text
        if measurement.profile is not None:
            ops = measurement.profile.ops
            text = f"{sum(op.delegated for op in ops)} of {len(ops)} operators"
            parts = measurement.profile.partitions
            return text if parts is None else f"{text}, {parts} partitions"
        known = {one.process.fully_accelerated for one in measurement.rounds}
        if known == {True}:
            return "all"
        return "not all" if known == {False} else ""


def rows(sessions: Iterable[Session]) -> list[Row]:
    """Return a row for each measurement of the sessions, in their order."""
    return [Row(session, one) for session in sessions for one in session.measurements]


def ways_of(session: Session) -> list[tuple[str, str]]:
    """Return each runner with an accelerator, once, in the order in which they take turns."""
    used = [one.settings for one in session.measurements]
    return list(dict.fromkeys((settings.runner, settings.accelerator) for settings in used))


def runners_of(session: Session) -> list[str]:
    """Return the runners of a session, each once."""
    return list(dict.fromkeys(runner for runner, _ in ways_of(session)))


def way(session: Session, measurement: Measurement) -> str:
    """Return what tells a measurement from others of the same file, such as "app on gpu".

    It is the runner, what it ran on, or both, whichever the session has several of; else "".
    """
    several = len({accelerator for _, accelerator in ways_of(session)}) > 1
    runner = measurement.settings.runner if len(runners_of(session)) > 1 else ""
    return " on ".join(filter(None, (runner, accelerator_text(measurement) if several else "")))


def title(session: Session, measurement: Measurement) -> str:
    """Return a measurement's file, with how it ran where that is not the same for all.

    A software driver is always named: where the title stands, times may stand beside it.
    """
    text = measurement.subject.label
    if len(runners_of(session)) > 1:
        text += f" by {measurement.settings.runner}"
    several = len({accelerator for _, accelerator in ways_of(session)}) > 1
    if several or on_software(measurement):
        text += f" on {accelerator_text(measurement)}"
    return text


def granted(measurements: Iterable[Measurement]) -> list[AppConditions]:
    """Return what Android granted the app in each round that an app ran."""
    return [
        one.process.app
        for measurement in measurements
        for one in measurement.rounds
        if one.process.app is not None
    ]


def hottest(conditions: Sequence[Conditions]) -> float | None:
    """Return the highest temperature in degrees Celsius, or None if none is known."""
    return max((value for one in conditions for value in one.temperatures.values()), default=None)


def cores_text(settings: MeasurementSettings) -> str:
    """Return the cores that a process was pinned to, such as "4,5,6,7", or "any" for none."""
    return ",".join(map(str, settings.cores)) or "any"


def parity_text(measurement: Measurement) -> str:
    """Return in words how the device's outputs compare with the host's."""
    parity = measurement.parity
    if parity is None:
        return "not compared"
    if parity.identical:
        return "identical"
    return f"within {parity.max_rel:.1e} of the range"
