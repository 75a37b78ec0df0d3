"""Sessions printed as tables and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from _edgeship.device_bench.results.app_conditions import granted_text
from _edgeship.device_bench.results.hardware import accelerator_text
from _edgeship.device_bench.results.records import Measurement, Profile, Session
from _edgeship.device_bench.results.rows import granted, runners_of, title, way, ways_of
from _edgeship.device_bench.results.statistics import Summary, summarize
from _edgeship.device_bench.results.units import INSTRUCTIONS, NOT_TIME, amount, heading, span
from _edgeship.terminal.console import console, printable, size
from _edgeship.terminal.fitting import show_fitted

#: How many operators of each file `--ops` shows.
TOP = 10


def measured(session: Session) -> list[Measurement]:
    """Return the measurements that have rounds."""
    return [one for one in session.measurements if one.rounds]


def show_session(session: Session) -> None:
    """Print the device, the figures, the profiles and the warnings of a session."""
    output = console()
    output.print(printable(describe(session)))
    if not session.complete:
        done = [len(one.rounds) for one in session.measurements]
        output.print(f"cut short; finished rounds of each file: {', '.join(map(str, done))}")
    if session.device.unit == INSTRUCTIONS:
        output.print(NOT_TIME)
    for text in _accelerators(session):
        output.print(printable(text), soft_wrap=True)
    conditions = granted_text(granted(session.measurements))
    if conditions:
        output.print(printable(f"the app: {conditions}"))
    output.print()
    if measured(session):
        _show_figures(session)
    for one in session.measurements:
        if one.profile is not None:
            output.print()
            output.print(printable(f"{title(session, one)}: slowest operators"))
            _show_operators(one.profile, session.device.unit)
    show_warnings(session)


def show_warnings(session: Session) -> None:
    """Print the warnings of all measurements; one that several share is printed once."""
    shared: dict[str, list[str]] = {}
    for one in session.measurements:
        for text in one.warnings:
            shared.setdefault(text, []).append(title(session, one))
    if shared:
        console().print()
    for text, labels in shared.items():
        where = "" if len(labels) == len(session.measurements) else f"{', '.join(labels)}: "
        console().print(printable(f"warning: {where}{text}"))


def describe(session: Session) -> str:
    """Return the device and the settings in one line."""
    device = session.device
    settings = session.measurements[0].settings
    parts = [part for part in (device.model, device.soc, device.os, device.abi) if part]
    cores = ",".join(map(str, settings.cores))
    how = [
        " and ".join(runners_of(session)),
        " and ".join(dict.fromkeys(map(accelerator_text, session.measurements))),
        f"{settings.threads} thread{'s' if settings.threads > 1 else ''}",
        f"cores {cores}" if cores else "cores not pinned",
    ]
    return f"{device.selector}: {', '.join(parts)}; {', '.join(how)}; session {session.id}"


def _accelerators(session: Session) -> list[str]:
    """Return what drivers ran the files; a warning says what that means for times."""
    found = [
        f"{one.settings.accelerator}: {text}"
        for one in session.measurements
        if one.acceleration is not None and (text := one.acceleration.driver_text)
    ]
    return list(dict.fromkeys(found))


def session_json(session: Session) -> dict[str, Any]:
    """Return a session for JSON: its figures, without single runs, which `report` writes."""
    return {
        "id": session.id,
        "started": session.started,
        "complete": session.complete,
        "device": session.device.model_dump(mode="json"),
        "unit": session.device.unit,
        "measurements": [
            {
                **one.model_dump(mode="json", exclude={"rounds"}),
                "runtime": one.rounds[0].process.runtime if one.rounds else "",
                "summary": asdict(summarize(one.rounds)) if one.rounds else None,
            }
            for one in session.measurements
        ],
    }


def _show_figures(session: Session) -> None:
    unit = session.device.unit
    found = [_cells(summarize(one.rounds), unit) for one in measured(session)]
    numbers = tuple(found[0])
    names = ("file", "run by") if len(ways_of(session)) > 1 else ("file",)
    accelerated = any(one.acceleration is not None for one in session.measurements)
    behind = ("outputs", "accelerated") if accelerated else ("outputs",)
    rows = []
    for one, cells in zip(measured(session), found, strict=True):
        who = (one.subject.label, way(session, one))[: len(names)]
        facts = (_outputs(one), _accelerated(one))[: len(behind)]
        rows.append((*who, *cells.values(), *facts))
    show_fitted((*names, *numbers, *behind), rows, names=len(names), numbers=numbers)


def _cells(summary: Summary, unit: str) -> dict[str, str]:
    """Return heading -> figure."""
    starts = {
        heading("init", unit): amount(summary.init, unit),
        heading("first run", unit): amount(summary.first, unit),
        "peak RSS": "" if summary.peak_rss_bytes is None else size(summary.peak_rss_bytes),
    }
    if unit == INSTRUCTIONS:  # their spread is not worth a column
        return {heading("median", unit): amount(summary.median, unit), **starts}
    return {
        "median": amount(summary.median, unit),
        "95 % interval": span(summary.low, summary.high, unit),
        "p90": amount(summary.p90, unit),
        "p99": amount(summary.p99, unit),
        "MAD": amount(summary.mad, unit),
        "CV": f"{summary.cv:.1%}",
        **starts,
        "runs": str(summary.runs),
        "throttled": str(summary.throttled),
    }


def _outputs(one: Measurement) -> str:
    if one.parity is None:
        return "not compared"
    return "as on the host" if one.parity.identical else f"within {one.parity.max_rel:.1e}"


def _accelerated(one: Measurement) -> str:
    return "" if one.acceleration is None else one.acceleration.taken_text or "unknown"


def _show_operators(profile: Profile, unit: str) -> None:
    numbers = ("#", heading("time", unit), "share")
    named = any(op.layer for op in profile.ops)
    columns = ("#", "operator", *(("layer",) if named else ()), *numbers[1:], "delegated")
    rows = [
        (
            *(str(op.index), op.name, *((op.layer,) if named else ())),
            *(amount(op.time, unit), f"{profile.share(op):.1%}", "yes" if op.delegated else "no"),
        )
        for op in sorted(profile.ops, key=lambda op: -op.time)[:TOP]
    ]
    show_fitted(columns, rows, names=2, numbers=numbers)
    together = amount(sum(op.time for op in profile.ops), unit)
    console().print(
        f"Shares are of {together}, all operators together; a profiled run takes "
        f"{amount(profile.total, unit)}.",
        soft_wrap=True,
    )
