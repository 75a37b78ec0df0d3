"""What a sweep made, as plain values for tables, pages and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _edgeship.export.sweep.artifacts import Artifacts
from _edgeship.export.sweep.evaluated import percent, points
from _edgeship.export.sweep.evaluations import Judged
from _edgeship.export.sweep.running import Counts, Finished
from _edgeship.export.sweep.variants import Variant
from _edgeship.terminal.console import size

#: Headings of the table; the first says which network, the numbers are right-aligned.
COLUMNS = ("network", "target", "scheme", "options", "result", "size", "SQNR", "seconds", "memory")
NUMBERS = ("size", "SQNR", "seconds", "memory")

#: What a variant is, in the first columns of every table.
NAMES = ("network", "target", "scheme", "options")

#: Headings of the table of evaluations: what a file loses is against the network it is made of.
JUDGED = (*NAMES, "top-1", "points gained", "same class", "SQNR")


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


def judged_cells(one: Judged) -> tuple[str, ...]:
    """Return the row of an evaluation, with a cell for each of `JUDGED`."""
    found, variant = one.found, one.variant
    names = (variant.network, variant.target, variant.scheme, variant.options)
    if found is None or one.status != "ok":
        return (*names, one.status, "", "", "")
    decibels = "" if found.sqnr_db is None else f"{found.sqnr_db:.1f} dB"
    top1, same = percent(found.top1), percent(found.agreement)
    return (*names, top1, points(found.difference), same, decibels)


def judged_summary(every: Sequence[Judged]) -> str:
    """Return how much was evaluated, and on what, in a sentence."""
    done = [one.found for one in every if one.found is not None and one.status == "ok"]
    before, failed = sum(one.before for one in every), sum(one.status == "failed" for one in every)
    words = f"{len(every)} files evaluated: {len(done)} ok, {before} known before, {failed} failed"
    return f"{words}; {done[0].source}." if done else f"{words}."


def judged_sentences(every: Sequence[Judged]) -> list[str]:
    """Return why files were not evaluated, and what must be known to judge those that were."""
    reasons = [
        f"not evaluated: {one.variant.title}: {one.why}" for one in every if one.status != "ok"
    ]
    notes = dict.fromkeys(note for one in every if one.found for note in one.found.notes)
    return [*reasons, *(f"note: {note}" for note in notes)]


def judged_in_order(every: Sequence[Judged], variants: Sequence[Variant]) -> list[Judged]:
    """Return evaluations in the order of the sweep file."""
    places = {one.identity: place for place, one in enumerate(variants)}
    return sorted(every, key=lambda one: places[one.variant.identity])


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


def as_dict(one: Finished, artifacts: Artifacts, judged: Judged | None = None) -> dict[str, Any]:
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
        "evaluation": None if judged is None else _judged_dict(judged),
    }


def _judged_dict(one: Judged) -> dict[str, Any]:
    known = {} if one.found is None else one.found.model_dump(mode="json")
    return {**known, "status": one.status, "why": one.why, "before": one.before}


def path_of(one: Finished, artifacts: Artifacts) -> Path:
    """Return where the file of a variant is that is there."""
    if one.made is None:
        raise ValueError(f"{one.variant.title} has no file")
    return artifacts.place(one.made.key) / one.made.file
