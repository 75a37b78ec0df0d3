"""The sections of a report on sessions: all figures together, then each session by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from _edgeship.device_bench.reports import matrix, plots
from _edgeship.device_bench.reports.parts import Cell, Plot, Section, Table
from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.app_conditions import granted_text
from _edgeship.device_bench.results.energy import energy_text
from _edgeship.device_bench.results.hardware import SOFTWARE, accelerator_text, on_software
from _edgeship.device_bench.results.records import Core, Properties, Session
from _edgeship.device_bench.results.rows import Row, cores_text, granted, hottest, parity_text
from _edgeship.device_bench.results.statistics import Summary, counted_runs
from _edgeship.terminal.console import size

_TITLES = {"ns": "Times", units.INSTRUCTIONS: "Instructions"}

_EXPLAINED = (
    "The interval is that of the median, at 95 %. Throttled runs are left out of all figures. The "
    "sessions below have more figures."
)

_SHARE = "share of all operators"

#: Operators that a table of a profile shows.
_TOP = 12


def sections(every: Sequence[Row]) -> list[Section]:
    """Return the sections: tables of all measurements and of devices, then sessions, newest first.

    Args:
        every: The rows of sessions, oldest first; at least one.
    """
    overviews = [
        _overview(unit, [row for row in every if row.unit == unit])
        for unit in _TITLES
        if any(row.unit == unit for row in every)
    ]
    beside = [found for unit in _TITLES if (found := matrix.section(every, unit)) is not None]
    each = [
        _session([row for row in every if row.session.id == name], folded=index > 0)
        for index, name in enumerate(dict.fromkeys(row.session.id for row in reversed(every)))
    ]
    return overviews + beside + each


def _overview(unit: str, some: Sequence[Row]) -> Section:
    context = ("device", "started", "model", "scheme", *_HOW)
    names = ("file", *_main_columns(unit), *context)
    cells = tuple(
        (
            Cell(row.measurement.subject.label),
            *_main_figures(row),
            Cell(_device(row.session.device)),
            Cell(row.minute),
            Cell(row.measurement.subject.model),
            Cell(row.measurement.subject.scheme),
            *_how(row),
        )
        for row in reversed(some)
    )
    note = (units.NOT_TIME,) if unit == units.INSTRUCTIONS else ()
    if any(on_software(row.measurement) for row in some):
        note = (*note, f"Where a line says (software): {SOFTWARE}")
    numbers = frozenset((*_HOW_NUMBERS, *_main_columns(unit)))
    choices = ("device", "model", "scheme")
    table = Table("", names, cells, numbers, choices, said_once=(*context, "throttled"))
    return Section(_TITLES[unit], notes=(*note, _EXPLAINED), tables=(table,))


def _session(some: Sequence[Row], *, folded: bool) -> Section:
    session, unit = some[0].session, some[0].unit
    warnings = _warnings(some)
    if not session.complete:
        warnings.insert(0, "This session was cut short; what is shown was measured in full.")
    return Section(
        title=f"{session.id}: {_device(session.device)}",
        notes=(units.NOT_TIME,) if unit == units.INSTRUCTIONS else (),
        warnings=tuple(warnings),
        facts=_facts(session, some),
        plots=_plots([row for row in some if row.summary], unit),
        tables=(_files(some, unit), *(_operators(row) for row in some if row.measurement.profile)),
        folded=folded,
    )


def _warnings(some: Sequence[Row]) -> list[str]:
    """Return each warning once, with the files that it is about unless it is about all."""
    files: dict[str, list[str]] = {}
    for row in some:
        for text in _doubts(row):
            files.setdefault(text, []).append(row.title)
    return [
        text if len(labels) == len(some) else f"{', '.join(labels)}: {text}"
        for text, labels in files.items()
    ]


def _doubts(row: Row) -> list[str]:
    doubts = list(row.measurement.warnings)
    if row.summary is None:
        doubts.append("No round was finished.")
    return doubts


def _facts(session: Session, some: Sequence[Row]) -> dict[str, str]:
    """Return name -> text of what is known about a session, without what the device hides."""
    device = session.device
    before = next(
        (row.measurement.rounds[0].before for row in some if row.measurement.rounds), None
    )
    facts = {
        "command": session.command,
        "started": session.started,
        "device": f"{_device(device)}, {device.selector}",
        "chip": device.soc,
        "system": ", ".join(text for text in (device.os, device.kernel, device.abi) if text),
        "cores": cores_in_words(device.cores),
        "memory": size(device.ram_bytes) if device.ram_bytes is not None else "",
        "runtime": ", ".join(dict.fromkeys(row.runtime for row in some if row.runtime)),
        "accelerator": ", ".join(dict.fromkeys(filter(None, map(_driver, some)))),
        "energy": " ".join(filter(None, (energy_text(row.measurement) for row in some))),
        "app": granted_text(granted(row.measurement for row in some)),
    }
    if before is not None:
        facts["screen"] = {True: "on", False: "off", None: ""}[before.screen_on]
        charging = {True: ", charging", False: ", not charging", None: ""}[before.charging]
        if before.battery_percent is not None:
            facts["battery"] = f"{before.battery_percent} %{charging}"
        if before.load is not None:
            facts["load"] = f"{before.load:.2f} before the first round"
    facts["versions"] = ", ".join(f"{name} {text}" for name, text in session.versions.items())
    return {name: text for name, text in facts.items() if text}


def _driver(row: Row) -> str:
    found = row.measurement.acceleration
    return "" if found is None else found.driver_text


def _files(some: Sequence[Row], unit: str) -> Table:
    """Return the table of a session's files, with all that is known about each."""
    facts = ("outputs against the host", "delegates took", *_FACT_NUMBERS)
    names = ("file", *_main_columns(unit), *_more_columns(unit), *_HOW, *facts, "SHA-256")
    cells = tuple(
        (
            Cell(row.measurement.subject.label),
            *_main_figures(row),
            *_more_figures(row),
            *_how(row),
            Cell(parity_text(row.measurement)),
            Cell(row.delegated),
            _degrees(row.degrees_before),
            _degrees(row.degrees_after),
            Cell(size(row.measurement.subject.size), row.measurement.subject.size),
            Cell(row.measurement.subject.sha256[:12]),
        )
        for row in some
    )
    numbers = {*_HOW_NUMBERS, *_main_columns(unit), *_more_columns(unit), *_FACT_NUMBERS}
    said_once = (*_HOW, *facts, "throttled", "SHA-256")
    return Table("Files", names, cells, frozenset(numbers), said_once=said_once)


def _operators(row: Row) -> Table:
    """Return a table of the operators that take the most time in a profile, the slowest first.

    The times are of separate runs and longer than those of plain ones, since profiling costs time;
    shares are of all operators together.
    """
    profile = row.measurement.profile
    if profile is None:
        raise ValueError(f"{row.title} has no profile")
    time = units.heading("time", row.unit)
    largest = sorted(profile.ops, key=lambda op: -op.time)[:_TOP]
    cells = tuple(
        (
            Cell(str(op.index), op.index),
            Cell(op.name),
            Cell(op.layer),
            Cell("yes" if op.delegated else "no"),
            Cell(units.amount(op.time, row.unit), op.time),
            _percent(profile.share(op)),
        )
        for op in largest
    )
    shown = f", the {_TOP} largest of {len(profile.ops)}" if len(profile.ops) > _TOP else ""
    return Table(
        f"Operators of {row.title}{shown}",
        ("index", "operator", "layer", "by a delegate", time, _SHARE),
        cells,
        frozenset(("index", time, _SHARE)),
    )


def _plots(some: Sequence[Row], unit: str) -> tuple[Plot, ...]:
    if not some:
        return ()
    bars = [
        plots.Bar(row.title, one.median, one.low, one.high)
        for row in some
        if (one := row.summary) is not None
    ]
    drawn = [Plot(plots.medians(bars, unit), "Median of the runs, and its interval at 95 %.")]
    # The count of instructions is the same every time: there is no spread to draw.
    if unit != units.INSTRUCTIONS:
        by_label = {row.title: row.measurement.rounds for row in some}
        counted = {
            label: [run for values in counted_runs(some_rounds).values() for run in values]
            for label, some_rounds in by_label.items()
        }
        drawn += [
            Plot(
                plots.course(by_label, unit),
                "Median of each round, with a line between its quartiles. Hollow: rounds with "
                "throttled runs.",
            ),
            Plot(
                plots.distribution(counted, unit),
                "Share of the runs that took at most this long; the slowest are not drawn.",
            ),
        ]
    drawn += [
        Plot(
            plots.operators(row.measurement.profile, unit),
            f"Where the time of {row.title} goes: operators in the order in which they run, "
            "the slowest named.",
        )
        for row in some
        if row.measurement.profile is not None
    ]
    warmth = {
        row.title: [
            (one.number, degrees)
            for one in row.measurement.rounds
            if (degrees := hottest([one.after])) is not None
        ]
        for row in some
    }
    if any(warmth.values()):
        drawn.append(Plot(plots.warmth(warmth), "The hottest sensor after each round."))
    return tuple(drawn)


_HOW = ("run by", "threads", "cores")
_HOW_NUMBERS = ("threads",)
_FACT_NUMBERS = ("°C before", "°C at most", "size")


def _how(row: Row) -> tuple[Cell, ...]:
    settings = row.measurement.settings
    return (
        Cell(f"{settings.runner}, {accelerator_text(row.measurement)}"),
        Cell(str(settings.threads), settings.threads),
        Cell(cores_text(settings)),
    )


def _main_columns(unit: str) -> tuple[str, ...]:
    """Return the headings of `_main_figures`."""
    times = (units.heading(name, unit) for name in ("median", "interval", "p90", "p99"))
    return (*times, "CV", "runs", "throttled")


def _main_figures(row: Row) -> tuple[Cell, ...]:
    one = row.summary
    if one is None:
        return (Cell(""),) * len(_main_columns(row.unit))
    return (
        _time(one.median, row),
        Cell(units.span(one.low, one.high, row.unit), one.low),
        _time(one.p90, row),
        _time(one.p99, row),
        _percent(one.cv),
        Cell(str(one.runs), one.runs),
        Cell(str(one.throttled), one.throttled),
    )


def _more_columns(unit: str) -> tuple[str, ...]:
    """Return the headings of `_more_figures`."""
    times = (units.heading(name, unit) for name in ("MAD", "init", "first run"))
    return (*times, "outliers", "peak memory")


def _more_figures(row: Row) -> tuple[Cell, ...]:
    one = row.summary
    if one is None:
        return (Cell(""),) * len(_more_columns(row.unit))
    return (
        _time(one.mad, row),
        _time(one.init, row),
        _time(one.first, row),
        Cell(str(one.outliers), one.outliers),
        _memory(one),
    )


def _time(value: float, row: Row) -> Cell:
    return Cell(units.amount(value, row.unit), value)


def _memory(one: Summary) -> Cell:
    known = one.peak_rss_bytes
    return Cell("") if known is None else Cell(size(known), known)


def _percent(share: float | None) -> Cell:
    return Cell("") if share is None else Cell(f"{100 * share:.1f} %", share)


def _degrees(value: float | None) -> Cell:
    return Cell("") if value is None else Cell(f"{value:.1f}", value)


def _device(device: Properties) -> str:
    """Return a device's name, or its selector if the name is not known."""
    return device.model or device.selector


def cores_in_words(cores: Sequence[Core]) -> str:
    """Return the cores by their highest frequency: "4 at 1950 MHz, 1 at 3105 MHz"."""
    counts = Counter(core.max_mhz for core in cores)
    return ", ".join(
        f"{count} at {mhz} MHz" if mhz is not None else f"{count} of unknown frequency"
        for mhz, count in counts.items()
    )
