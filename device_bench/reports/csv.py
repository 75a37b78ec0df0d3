"""A report as CSV: one line per measurement, with separate columns for each unit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.results.rows import Row, granted, rows

_TIMES = ("median", "low", "high", "p90", "p99", "mad", "init", "first")
_UNITS = ("ns", units.INSTRUCTIONS)

# What a spreadsheet takes for the start of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(sessions: Sequence[Session]) -> str:
    """Return the text, which begins with a line of column names.

    A time is in the column of its unit, such as ``median_ns``; the column of the other unit,
    ``median_instructions``, is then empty. Memory and sizes are in bytes, temperatures in degrees
    Celsius; ``cv`` is a fraction.
    """
    lines = [_line(row) for row in rows(sessions)]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({name: _plain(value) for name, value in line.items()})
    return buffer.getvalue()


def _line(row: Row) -> dict[str, object]:
    session, one, summary = row.session, row.measurement, row.summary
    parity = one.parity
    return {
        "session": session.id,
        "started": session.started,
        "complete": session.complete,
        "device": session.device.selector,
        "device_model": session.device.model,
        "soc": session.device.soc,
        "os": session.device.os,
        "abi": session.device.abi,
        "file": one.subject.label,
        "path": one.subject.path,
        "sha256": one.subject.sha256,
        "size": one.subject.size,
        "model": one.subject.model,
        "scheme": one.subject.scheme,
        "mult_adds": one.subject.mult_adds,
        "nodes": one.subject.nodes,
        "runtime": row.runtime,
        "runner": one.settings.runner,
        "accelerator": one.settings.accelerator,
        **_accelerator(row),
        "threads": one.settings.threads,
        "cores": " ".join(map(str, one.settings.cores)),
        **{
            f"{name}_{unit}": getattr(summary, name) if summary and unit == row.unit else None
            for name in _TIMES
            for unit in _UNITS
        },
        "cv": summary.cv if summary else None,
        "peak_rss_bytes": summary.peak_rss_bytes if summary else None,
        "rounds": summary.rounds if summary else 0,
        "runs": summary.runs if summary else 0,
        "throttled": summary.throttled if summary else 0,
        "outliers": summary.outliers if summary else 0,
        "degrees_before": row.degrees_before,
        "degrees_after": row.degrees_after,
        "outputs_identical": parity.identical if parity else None,
        "outputs_max_rel": parity.max_rel if parity else None,
        **_app(row),
        "warnings": " ".join(one.warnings),
    }


def _accelerator(row: Row) -> dict[str, object]:
    """Return what is known of the accelerator; empty on the CPU."""
    found = row.measurement.acceleration
    return {
        "accelerator_driver": found.driver if found else "",
        "accelerator_is_software": found.software if found else None,
        "accelerator_took": found.taken if found else None,
    }


def _app(row: Row) -> dict[str, object]:
    """Return what Android granted the app, the worst of all rounds; empty for other runners."""
    every = granted([row.measurement])

    def worst(values: Iterable[float | None]) -> float | None:
        return max((value for value in values if value is not None), default=None)

    return {
        "app_version": " ".join(dict.fromkeys(one.version for one in every)),
        "app_cores": " ".join(dict.fromkeys(one.cores for one in every)),
        "app_importance": worst(one.importance for one in every),
        "app_sustained_performance": any(one.sustained_performance for one in every)
        if every
        else None,
        "app_thermal_status": worst(one.worst_status for one in every),
        "app_thermal_headroom": worst(one.worst_headroom for one in every),
    }


def _plain(value: object) -> object:
    """Return a value that no spreadsheet runs as a formula: names of files are untrusted."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
