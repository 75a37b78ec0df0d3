"""`run`: measure files on devices."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import gating, options
from _edgeship.device_bench.store.place import Place
from _edgeship.terminal.console import console, print_json, printable

if TYPE_CHECKING:
    from _edgeship.device_bench.measurement.settings import MeasurementOptions


@options.measuring()
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.tflite...", help="What to measure.")],
    device: options.DevicesOption,
    *,
    how: MeasurementOptions,
    ops: Annotated[
        bool, typer.Option("--ops", help="Also measure each operator, in processes of their own.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="FIGURE=AMOUNT,...",
            help="The most that each file may take, such as p90=20ms,rss=50MB,size=3MB,init=100ms; "
            "exit with 3 if one takes more. Figures: median, p90, p99, first, init, rss, size.",
        ),
    ] = None,
    junit: gating.JUnitOption = None,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Measure how long FILE.tflite takes on a device, after comparing its outputs with the host's.

    Rounds of several files are interleaved, so that heat and other programs favour none. Finished
    rounds stay in the store, whatever happens.
    """
    from _edgeship.device_bench.commands.figures import session_json, show_session
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.results.budget import check_unit, parse_budget

    limits = () if budget is None else parse_budget(budget)
    plans = make_plans(device, how)
    for plan in plans:
        check_unit(limits, plan.device.unit, plan.device.selector)
    result = measure_all(files, plans, store, profile=ops)
    gates = [
        check for session in result.sessions for check in gating.budget_checks(session, limits)
    ]
    if as_json:
        sessions = [session_json(session) for session in result.sessions]
        checked = [asdict(check) for check in gates]
        print_json({"store": str(store), "sessions": sessions, "gates": checked})
    else:
        for session in result.sessions:
            show_session(session)
            console().print()
        gating.show_gates(gates)
        if result.sessions:
            _next(files, device, how.runner, store)
    gating.tell_servers("run", [*gating.measured_checks(result), *gates], junit)
    result.finish()
    gating.leave(gates)


def _next(files: list[Path], devices: list[str], runner: str, store: Place) -> None:
    output = console()
    output.print(printable(f"Saved in {store}. Next:"), soft_wrap=True)
    kept = [] if store == options.STORE else ["--store", str(store)]
    steps = [["report", *kept]]
    by_app = runner.partition(":")[0] == "app"
    if len(files) > 1 or by_app:
        how = [] if runner == "native" else ["--runner", f"native,{runner}" if by_app else runner]
        steps.insert(0, ["compare", *map(str, files), "--device", devices[0], *how, *kept])
    for step in steps:
        output.print(printable(f"  python -m device_bench {shlex.join(step)}"), soft_wrap=True)
