"""What is in the store about the files of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.results.rows import Row, rows
from _edgeship.device_bench.store.store import Filter, Store


def known(store: Store, sha256: str) -> list[tuple[str, MeasurementSettings]]:
    """Return on which models of phones, and with which settings, a file was measured in full.

    Args:
        store: Where sessions are.
        sha256: Of the file.
    """
    return [
        (session.device.model or session.device.selector, one.settings)
        for session in store.sessions(Filter(subject=sha256, alone=True))
        if session.complete
        for one in session.measurements
    ]


def rows_of(store: Store, digests: Sequence[str]) -> list[Row]:
    """Return all measurements of files, by their digests, oldest first."""
    found = {
        session.id: session
        for sha256 in dict.fromkeys(digests)
        for session in store.sessions(Filter(subject=sha256))
    }
    wanted = set(digests)
    every = rows([found[name] for name in sorted(found)])
    return [row for row in every if row.measurement.subject.sha256 in wanted]
