"""What the bench has measured of files, for their cards."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.export.bundle.facts import Latency

if TYPE_CHECKING:
    from _edgeship.device_bench.results.rows import Row
    from _edgeship.device_bench.store.place import Place

#: Where the bench keeps its sessions unless it is told otherwise.
STORE = Path("build/device_bench.sqlite")


def latencies(digests: Collection[str], store: Place | None) -> tuple[Latency, ...]:
    """Return what was measured of some files: of each way to run one, the newest.

    Args:
        digests: Their sha256.
        store: The bench's sessions; None for `STORE`, if it is there.

    Raises:
        InputError: The store is missing or damaged.
    """
    if store is None and not STORE.is_file():
        return ()
    from _edgeship.device_bench.results.rows import rows
    from _edgeship.device_bench.store.store import Filter, Store

    newest: dict[tuple[str, str, str], Latency] = {}
    with Store(store or STORE, create=False) as opened:
        for digest in digests:
            for row in rows(opened.sessions(Filter(subject=digest))):
                if row.measurement.subject.sha256 != digest:
                    continue
                found = _latency(row)
                if found is not None:
                    newest[digest, found.device, found.ran] = found
    return tuple(newest.values())


def _latency(row: Row) -> Latency | None:
    """Return the figures of a measurement; None where no run was finished."""
    from _edgeship.device_bench.results.hardware import SOFTWARE, accelerator_text, on_software
    from _edgeship.device_bench.results.units import INSTRUCTIONS, NOT_TIME, amount, span

    summary = row.summary
    if summary is None:
        return None
    settings, device = row.measurement.settings, row.session.device
    threads = f"{settings.threads} thread{'' if settings.threads == 1 else 's'}"
    unreal = NOT_TIME if row.unit == INSTRUCTIONS else ""
    if on_software(row.measurement):
        unreal = SOFTWARE
    median = amount(summary.median, row.unit)
    return Latency(
        sha256=row.measurement.subject.sha256,
        device=f"{device.model} ({device.os})" if device.os else device.model,
        ran=f"{row.runtime}, {accelerator_text(row.measurement)}, {threads}, by {row.runner}",
        median=f"{median} instructions" if row.unit == INSTRUCTIONS else median,
        interval=span(summary.low, summary.high, row.unit),
        when=row.minute,
        unreal=unreal,
    )
