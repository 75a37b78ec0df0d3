"""`compare`: how long files take compared with the first, and runners compared with the first."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import gating, options
from _edgeship.errors import InputError
from _edgeship.terminal.console import console, print_json, printable

#: Rounds on devices that measure time; `device_bench.results.comparing` says what they can show.
ROUNDS = 30


if TYPE_CHECKING:
    from _edgeship.device_bench.measurement.settings import MeasurementOptions


@options.measuring(rounds=ROUNDS, several=True)
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
    *,
    how: MeasurementOptions,
    margin: Annotated[
        str | None,
        typer.Option(
            "--margin",
            metavar="PERCENT",
            help="The difference that does not matter: files are called the same where the whole "
            "interval of their ratio is within it.",
        ),
    ] = None,
    fail_if_slower: Annotated[
        str | None,
        typer.Option(
            "--fail-if-slower",
            metavar="PERCENT",
            help="Exit with 3 if a file is slower than the first by more than this, with its "
            "whole interval, or if that cannot be decided.",
        ),
    ] = None,
    junit: gating.JUnitOption = None,
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

    first, *also = split(how.runner)
    first_on, *also_on = [word.strip() for word in how.accelerator.split(",")]
    if len(files) < 2 and not also and not also_on:
        raise InputError(
            "There is only one file.",
            todo="name two or more to compare, or several ways to run it: --runner native,app or "
            "--accelerator cpu,gpu",
        )
    from _edgeship.device_bench.commands.comparisons import as_list, pairs_of, show_comparisons
    from _edgeship.device_bench.commands.figures import measured, session_json, show_session
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.results.gates import fraction

    same = 0.0 if margin is None else fraction(margin, "--margin")
    slower = None if fail_if_slower is None else fraction(fail_if_slower, "--fail-if-slower")
    wanted = replace(how, runner=first, accelerator=first_on)
    plans = make_plans(device, wanted, also, also_on)
    result = measure_all(files, plans, store)
    compared = {
        session.id: pairs_of(session, same)
        for session in result.sessions
        if len(measured(session)) == len(session.measurements)
    }
    gates = [
        check
        for session in result.sessions
        for check in gating.slower_checks(
            session, compared.get(session.id), slower, str(fail_if_slower)
        )
    ]
    if as_json:
        print_json(
            {
                "store": str(store),
                "sessions": [
                    {
                        **session_json(session),
                        "comparisons": as_list(compared[session.id])
                        if session.id in compared
                        else [],
                    }
                    for session in result.sessions
                ],
                "gates": [asdict(check) for check in gates],
            }
        )
    else:
        for session in result.sessions:
            show_session(session)
            if session.id in compared:
                show_comparisons(session, compared[session.id])
            console().print()
        gating.show_gates(gates)
        if result.sessions:
            console().print(printable(f"Saved in {store}."), soft_wrap=True)
    gating.tell_servers("compare", [*gating.measured_checks(result), *gates], junit)
    result.finish()
    gating.leave(gates)
