"""`run`: measure files on devices."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.terminal.console import console, print_json, printable


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.tflite...", help="What to measure.")],
    device: options.DevicesOption,
    runner: options.RunnerOption = "native",
    accelerator: options.AcceleratorOption = "cpu",
    accelerator_library: options.AcceleratorLibraryOption = None,
    threads: options.ThreadsOption = 1,
    cores: options.CoresOption = None,
    rounds: options.RoundsOption = None,
    runs: options.RunsOption = None,
    seconds: options.SecondsOption = None,
    warmup: options.WarmupOption = None,
    timeout: options.TimeoutOption = None,
    ops: Annotated[
        bool, typer.Option("--ops", help="Also measure each operator, in processes of their own.")
    ] = False,
    uninstall_app: options.UninstallAppOption = False,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Measure how long FILE.tflite takes on a device, after comparing its outputs with the host's.

    Rounds of several files are interleaved, so that heat and other programs favour none. Finished
    rounds stay in the store, whatever happens.
    """
    from _edgeship.device_bench.commands.figures import session_json, show_session
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.measurement.settings import MeasurementOptions

    wanted = MeasurementOptions(
        runner=runner,
        accelerator=accelerator,
        accelerator_libraries=tuple(accelerator_library or ()),
        threads=threads,
        cores=cores,
        rounds=rounds,
        runs=runs,
        seconds=seconds,
        warmup=warmup,
        timeout=timeout,
        uninstall_app=uninstall_app,
    )
    plans = make_plans(device, wanted)
    result = measure_all(files, plans, store, profile=ops)
    if as_json:
        sessions = [session_json(session) for session in result.sessions]
        print_json({"store": str(store), "sessions": sessions})
    else:
        for session in result.sessions:
            show_session(session)
            console().print()
        if result.sessions:
            _next(files, device, runner, store)
    result.finish()


def _next(files: list[Path], devices: list[str], runner: str, store: Path) -> None:
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
