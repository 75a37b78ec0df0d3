"""One network over time: sessions that measured the same thing in the same way, and regressions.

Each session of a series is compared with the series' baseline by `comparing.compare`, which also
compares two files of one session. Those ran side by side; two sessions did not. Their rounds are
paired by number all the same, which is right for any pairing of independent rounds, but then the
interval does not include what differed between the sessions: the weather, other programs, an update
of the system. That is why a regression must also exceed a tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from _edgeship.device_bench.results.comparing import Comparison, compare
from _edgeship.device_bench.results.hardware import on_software
from _edgeship.device_bench.results.records import Measurement
from _edgeship.device_bench.results.rows import Row, cores_text
from _edgeship.errors import InputError

Verdict = Literal[
    "baseline",
    "REGRESSION",
    "slower",
    "faster",
    "no difference shown",
    "the same",
    "too few rounds",
    "nothing measured",
]

#: By what fraction a session may be slower than the baseline before that is a regression.
TOLERANCE = 0.05


@dataclass(frozen=True)
class Entry:
    """One session of a series.

    Attributes:
        row: What was measured.
        comparison: Its time over that of the baseline; None for the baseline itself, and where
            nothing was measured.
        verdict: "REGRESSION" if the whole interval of the ratio is above 1 plus the tolerance;
            otherwise what the comparison says.
    """

    row: Row
    comparison: Comparison | None
    verdict: Verdict


@dataclass(frozen=True)
class Series:
    """Measurements that may be compared.

    Attributes:
        name: What they have in common, in words; the store knows the series by it.
        unit: Unit of their times.
        baseline: Id of the session that the others are compared with.
        entries: Oldest first.
    """

    name: str
    unit: str
    baseline: str
    entries: tuple[Entry, ...]

    @property
    def regressed(self) -> bool:
        """Whether the newest entry is a regression."""
        return self.entries[-1].verdict == "REGRESSION"

    @property
    def turns(self) -> tuple[int, ...]:
        """The entries whose verdict is another one than that of the entry before, by their place.

        The baseline differs from itself by nothing; entries where nothing was measured do not
        count.
        """
        found: list[int] = []
        last: Verdict = "no difference shown"
        for place, entry in enumerate(self.entries):
            verdict = "no difference shown" if entry.verdict == "baseline" else entry.verdict
            if verdict == "nothing measured":
                continue
            if verdict != last:
                found.append(place)
            last = verdict
        return tuple(found)

    @property
    def device(self) -> str:
        """What it was measured on, for people: model and selector."""
        return device_text(self.entries[0].row)

    @property
    def file(self) -> str:
        """The network and its scheme, or the file's label."""
        return file_text(self.entries[0].row)

    @property
    def how(self) -> str:
        """The runner and its settings."""
        return how_text(self.entries[0].row)


def all_series(
    every: Iterable[Row],
    baselines: Mapping[str, str],
    *,
    subject: str = "",
    tolerance: float = TOLERANCE,
    older: Iterable[Row] = (),
) -> list[Series]:
    """Return the series that the rows of sessions make, sorted by name.

    Args:
        every: The rows, oldest first.
        baselines: Name of a series -> id of the session that is its baseline. Without an entry,
            or if that session is not among the given ones, the oldest that measured anything is.
        subject: A network's name, or a file's label, path or sha256; "" for all.
        tolerance: Fraction by which a session may be slower than the baseline.
        older: Rows that may be baselines, but are in no series.
    """
    before = {(series_name(row), row.session.id): row for row in older if row.summary is not None}
    grouped: dict[str, list[Row]] = {}
    for row in every:
        if names(row.measurement, subject):
            grouped.setdefault(series_name(row), []).append(row)
    return [
        _series(name, some, baselines.get(name), tolerance, before)
        for name, some in sorted(grouped.items())
    ]


def series_name(row: Row) -> str:
    """Return in words what two measurements must have in common to be in one series.

    A network is identified by name, scheme and mult-adds, since with another input the same name
    means other work; a file without a manifest is identified by its label. Times of a software
    driver make a series of their own.
    """
    return f"{file_text(row)} on {device_text(row)}: {how_text(row)}"


def file_text(row: Row) -> str:
    """Return the network with its scheme and mult-adds; for a file without a manifest its label."""
    subject = row.measurement.subject
    if not subject.model:
        return subject.label
    cost = "" if subject.mult_adds is None else f" ({subject.mult_adds / 1e6:.1f} M mult-adds)"
    return f"{subject.model} {subject.scheme}{cost}"


def device_text(row: Row) -> str:
    """Return the selector of the device and its model."""
    return f"{row.session.device.selector} ({row.session.device.model})"


def how_text(row: Row) -> str:
    """Return the runner, what it ran on, threads and cores."""
    settings = row.measurement.settings
    how = f"{settings.runner}, {_accelerator(row.measurement)}, threads {settings.threads}"
    return f"{how}, cores {cores_text(settings)}{', sustained' if settings.sustained else ''}"


def _accelerator(measurement: Measurement) -> str:
    name, found = measurement.settings.accelerator, measurement.acceleration
    if found is None or not on_software(measurement):
        return name
    return f"{name} ({found.driver_text})"


def names(measurement: Measurement, subject: str) -> bool:
    """Return whether a word that the user typed means this measurement; "" means every one."""
    known = measurement.subject
    return subject in ("", known.model, known.label, known.path, known.sha256)


def choose_baseline(series: Sequence[Series], session_id: str) -> list[str]:
    """Return the names of the series that a session can be the baseline of.

    Raises:
        InputError: It measured nothing of any of them.
    """
    able = [
        one.name
        for one in series
        if any(
            entry.row.session.id == session_id and entry.row.summary is not None
            for entry in one.entries
        )
    ]
    if not able:
        raise InputError(
            f"Session {session_id!r} has nothing of this to compare with.",
            todo="name one that `python -m device_bench history` shows",
        )
    return able


def _series(
    name: str,
    some: Sequence[Row],
    wanted: str | None,
    tolerance: float,
    before: Mapping[tuple[str, str], Row],
) -> Series:
    measured = [row for row in some if row.summary is not None]
    base = next((row for row in measured if row.session.id == wanted), None)
    if base is None and wanted is not None:
        base = before.get((name, wanted))
    if base is None:
        base = measured[0] if measured else some[0]
    entries = tuple(_entry(row, base, tolerance) for row in some)
    return Series(name, some[0].unit, base.session.id, entries)


def _entry(row: Row, base: Row, tolerance: float) -> Entry:
    if row.summary is None:
        return Entry(row, None, "nothing measured")
    if row is base:
        return Entry(row, None, "baseline")
    found = compare(base.measurement.rounds, row.measurement.rounds)
    if found.low > 1 + tolerance:
        return Entry(row, found, "REGRESSION")
    return Entry(row, found, found.verdict)
