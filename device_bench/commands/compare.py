"""`compare`: how long files take compared with the first, and runners compared with the first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, print_json, printable

#: Rounds on devices that measure time; `device_bench.results.statistics` says what they can show.
ROUNDS = 30


def compare(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="A.tflite [B.tflite...]",
            help="The others are compared with A; one is enough with several runners or "
            "accelerators.",
        ),
    ],
    device: options.DevicesOption,
    runner: options.RunnersOption = "native",
    accelerator: options.AcceleratorsOption = "cpu",
    accelerator_library: options.AcceleratorLibraryOption = None,
    threads: options.ThreadsOption = 1,
    cores: options.CoresOption = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds", min=1, help=f"Processes per file. Default: {ROUNDS}; 2 on virtual."
        ),
    ] = None,
    runs: options.RunsOption = None,
    seconds: options.SecondsOption = None,
    warmup: options.WarmupOption = None,
    timeout: options.TimeoutOption = None,
    uninstall_app: options.UninstallAppOption = False,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Measure files side by side and say whether they differ from the first.

    The interval of a ratio is at 99.9 %, so that a file compared with itself shows "no difference
    shown" in all but one of a thousand comparisons. Ratios are of the fast runs, which other
    programs disturb least. With --runner native,app each file is measured by both in turns, which
    shows what an app's conditions cost; with --accelerator cpu,gpu on both.
    """
    from _edgeship.device_bench.runners.find import split

    first, *also = split(runner)
    first_on, *also_on = [word.strip() for word in accelerator.split(",")]
    if len(files) < 2 and not also and not also_on:
        raise InputError(
            "There is only one file.",
            todo="name two or more to compare, or several ways to run it: --runner native,app or "
            "--accelerator cpu,gpu",
        )
    from _edgeship.device_bench.commands.comparisons import as_list, show_comparisons
    from _edgeship.device_bench.commands.figures import measured, session_json, show_session
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.measurement.settings import MeasurementOptions

    wanted = MeasurementOptions(
        runner=first,
        accelerator=first_on,
        accelerator_libraries=tuple(accelerator_library or ()),
        threads=threads,
        cores=cores,
        rounds=rounds,
        timed_rounds=ROUNDS,
        runs=runs,
        seconds=seconds,
        warmup=warmup,
        timeout=timeout,
        uninstall_app=uninstall_app,
    )
    plans = make_plans(device, wanted, also, also_on)
    result = measure_all(files, plans, store)
    comparable = [s for s in result.sessions if len(measured(s)) == len(s.measurements)]
    if as_json:
        print_json(
            {
                "store": str(store),
                "sessions": [
                    {
                        **session_json(session),
                        "comparisons": as_list(session) if session in comparable else [],
                    }
                    for session in result.sessions
                ],
            }
        )
    else:
        for session in result.sessions:
            show_session(session)
            if session in comparable:
                show_comparisons(session)
            console().print()
        if result.sessions:
            console().print(printable(f"Saved in {store}."), soft_wrap=True)
    result.finish()
