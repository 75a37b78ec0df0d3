"""What is in the store about the files of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.farm.values import Before
from _edgeship.device_bench.results.rows import Row, rows
from _edgeship.device_bench.store.store import Filter, Store


def known(store: Store, digests: Sequence[str]) -> Before:
    """Return SHA-256 -> models of phones and settings that the file was measured in full with.

    Args:
        store: Where sessions are.
        digests: Of files.
    """
    return {
        sha256: [(device.model or device.selector, settings) for device, settings in found]
        for sha256, found in store.measured(digests).items()
    }


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
