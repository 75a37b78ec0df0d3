"""`sustain`: how fast a file runs when it runs for minutes on end."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, print_json, printable
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.results.energy import Energy
    from _edgeship.device_bench.results.sustained import Step, Sustained

#: Lines of the table; the store and --json have every process.
_LINES = 12


@options.measuring("rounds", "runs", "seconds", "warmup", "timeout", "uninstall_app")
def sustain(
    file: Annotated[Path, typer.Argument(metavar="FILE.tflite", help="What to run.")],
    device: options.DeviceOption,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, max=600, help="How long to run it.")
    ] = 10.0,
    every: Annotated[
        float,
        typer.Option(
            "--every",
            metavar="SECONDS",
            min=0.5,
            max=60,
            help="Seconds of runs in one process: heat and clocks are read between two.",
        ),
    ] = 10.0,
    energy: Annotated[
        bool,
        typer.Option(
            "--energy",
            help="Also tell the energy of a run by the battery's counter: on a phone that is not "
            "connected to power, by adb over the network. It rests first, its screen as it is.",
        ),
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option(
            "--idle",
            metavar="MINUTES",
            min=0.05,
            max=600,
            help="How long it rests for --energy. Default: half of --minutes.",
        ),
    ] = None,
    *,
    how: MeasurementOptions,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Run FILE.tflite for minutes without a pause, and show what the device keeps up.

    Processes follow one another at once; the start of each, some tenths of a second, is the only
    pause. Throttled runs count, since they are what is looked for. The session is stored, and
    `report` draws it.
    """
    if idle is not None and not energy:
        raise InputError("--idle goes with --energy.", todo="add --energy, or leave --idle out")
    from _edgeship.device_bench.commands.figures import describe, session_json, show_warnings
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.devices.system import read_conditions
    from _edgeship.device_bench.results.energy import check, in_words
    from _edgeship.device_bench.results.energy import energy as of_run
    from _edgeship.device_bench.results.sustained import course
    from _edgeship.device_bench.results.units import INSTRUCTIONS

    count = max(1, round(minutes * 60 / every))
    wanted = replace(
        how,
        rounds=count,
        seconds=every,
        warmup=0.0,
        timeout=120.0 + 4 * every,
        sustained=True,
        idle_seconds=60 * (minutes / 2 if idle is None else idle) if energy else 0.0,
    )
    plans = make_plans([device], wanted)
    if plans[0].device.unit == INSTRUCTIONS:
        raise InputError(
            "The virtual device does not become warm: it counts instructions.",
            todo="use a phone (--device adb), a board (--device ssh:HOST) or --device local",
        )
    if energy:
        check(read_conditions(plans[0].device))
    result = measure_all([file], plans, store)
    refused: InputError | None = None
    for session in result.sessions:
        measured = session.measurements[0]
        found = course(measured.rounds)
        spent: Energy | None = None
        if measured.idle and measured.rounds:
            try:
                spent = of_run(measured.idle, measured.rounds)
            except InputError as error:
                # All else is shown first.
                refused = error
        if as_json:
            whole = {"store": str(store), **session_json(session)}
            whole["course"] = None if found is None else asdict(found)
            print_json({**whole, "energy": None if spent is None else asdict(spent)})
            continue
        console().print(printable(describe(session)))
        console().print()
        if found is None:
            console().print(
                "These are too few processes to show a course: use more --minutes, or a smaller "
                "--every.",
                soft_wrap=True,
            )
        else:
            _show(found)
        if spent is not None:
            console().print(f"energy: {in_words(spent)}", soft_wrap=True)
        show_warnings(session)
        console().print()
        console().print(printable(f"Saved in {store}."), soft_wrap=True)
    result.finish()
    if refused is not None:
        raise refused


def _show(found: Sustained) -> None:
    from _edgeship.device_bench.results.sustained import SLOWER, STEADY
    from _edgeship.device_bench.results.units import amount, span

    columns = ("after", "median", "runs a second", "°C", "MHz", "held back")
    show_fitted(columns, list(map(_cells, _thinned(found.steps))), numbers=columns[:5])
    output = console()
    output.print()
    change = f"{100 * (found.steady / found.first - 1):+.1f} %"
    steady = (
        f"at the beginning {amount(found.first, 'ns')}, in the last third "
        f"{amount(found.steady, 'ns')} ({span(found.low, found.high, 'ns')}, 95 %): {change}"
    )
    output.print(steady, soft_wrap=True)
    limit = f"{100 * SLOWER:g} %"
    if found.slowed_after is None:
        output.print(f"it did not stay more than {limit} slower than at the beginning")
    else:
        when = _clock(found.slowed_after)
        output.print(f"more than {limit} slower than at the beginning from {when} on")
    if not found.is_steady:
        output.print(
            "not steady yet: the last third differs from the one before it by more than "
            f"{100 * STEADY:g} %; use more --minutes",
            soft_wrap=True,
        )


def _thinned(steps: Sequence[Step]) -> list[Step]:
    """Return steps from the first to the last, evenly spread, no more than `_LINES`."""
    last = len(steps) - 1
    count = min(len(steps), _LINES)
    return [steps[round(place * last / max(1, count - 1))] for place in range(count)]


def _cells(step: Step) -> tuple[str, ...]:
    from _edgeship.device_bench.results.units import amount

    return (
        _clock(step.seconds),
        amount(step.median, "ns"),
        f"{step.per_second:,.1f}",
        "" if step.degrees is None else f"{step.degrees:.1f}",
        "" if step.mhz is None else f"{step.mhz:.0f}",
        {None: "", True: "yes", False: "no"}[step.held],
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
