"""What a sweep made, as plain values for tables, pages and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _edgeship.export.sweep.artifacts import Artifacts
from _edgeship.export.sweep.running import Counts, Finished
from _edgeship.export.sweep.variants import Variant
from _edgeship.terminal.console import size

#: Headings of the table; the first says which network, the numbers are right-aligned.
COLUMNS = ("network", "target", "scheme", "options", "result", "size", "SQNR", "seconds", "memory")
NUMBERS = ("size", "SQNR", "seconds", "memory")


def cells(one: Finished) -> tuple[str, ...]:
    """Return the row of a variant, with a cell for each of `COLUMNS`."""
    made, variant = one.made, one.variant
    there = made is not None and made.status == "ok"
    return (
        variant.network,
        variant.target,
        variant.scheme,
        variant.options,
        f"{one.status}, before" if one.before else one.status,
        size(made.size) if made is not None and there else "",
        "" if made is None or made.sqnr_db is None else f"{made.sqnr_db:.1f} dB",
        f"{made.seconds:.1f}" if made is not None and there else "",
        size(made.peak_bytes) if made is not None and there else "",
    )


def without_empty(
    columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Return a table without the columns that have nothing in them."""
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows]


def sentences(every: Sequence[Finished]) -> list[str]:
    """Return each reason why something is not there, once, with what it is the reason for."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in every:
        if one.status != "ok":
            found.setdefault((one.status, one.why), []).append(one.variant.title)
    return [
        f"{status}: {', '.join(titles[:3])}"
        + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
        + f": {why}"
        for (status, why), titles in found.items()
    ]


def summary(every: Sequence[Finished], counts: Counts) -> str:
    """Return how much came out, in a sentence."""
    of = {name: sum(one.status == name for one in every) for name in ("ok", "refused", "failed")}
    words = ", ".join(f"{count} {name}" for name, count in of.items() if count or name == "ok")
    again = f" ({counts.again} of them again)" if counts.again else ""
    return (
        f"{len(every)} files wanted: {words}; {counts.found} known before, "
        f"{counts.started} exports run{again}."
    )


def in_order(every: Sequence[Finished], variants: Sequence[Variant]) -> list[Finished]:
    """Return what is finished in the order of the sweep file."""
    places = {one.identity: place for place, one in enumerate(variants)}
    return sorted(every, key=lambda one: places[one.variant.identity])


def as_dict(one: Finished, artifacts: Artifacts) -> dict[str, Any]:
    """Return all that is known of a variant, in JSON types."""
    made, variant = one.made, one.variant
    there = made is not None and made.status == "ok"
    return {
        "network": variant.network,
        "model": variant.model,
        "target": variant.target,
        "scheme": variant.scheme,
        "options": variant.options,
        "given": dict(variant.given),
        "status": one.status,
        "why": one.why,
        "before": one.before,
        "node": one.node,
        "key": None if made is None else made.key,
        "path": str(path_of(one, artifacts)) if there else None,
        "sha256": made.sha256 if made is not None and there else None,
        "size": made.size if made is not None and there else None,
        "sqnr_db": None if made is None else made.sqnr_db,
        "seconds": None if made is None else made.seconds,
        "peak_bytes": None if made is None else made.peak_bytes,
    }


def path_of(one: Finished, artifacts: Artifacts) -> Path:
    """Return where the file of a variant is that is there."""
    if one.made is None:
        raise ValueError(f"{one.variant.title} has no file")
    return artifacts.place(one.made.key) / one.made.file
