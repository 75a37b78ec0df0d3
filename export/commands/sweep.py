"""`sweep`: many exports from one file, each made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.terminal.console import console, print_json, printable
from _edgeship.terminal.words import check_out

if TYPE_CHECKING:
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.running import Counts, Finished

SweepArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SWEEP.toml",
        help="Networks, targets, schemes and options, whose combinations are exported.",
    ),
]

OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Where exports are kept; build/sweeps/NAME for NAME.toml by default."
    ),
]

EngineOption = Annotated[
    str,
    typer.Option(
        metavar="processes|ray",
        help="Where exports run: in processes on this machine, or on a Ray cluster.",
    ),
]

JobsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Exports at a time on this machine; by default as many as its cores and memory take.",
    ),
]

AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|auto",
        help="The Ray cluster; by default one is started on this machine.",
    ),
]


def sweep(
    file: SweepArgument,
    out: OutOption = None,
    engine: EngineOption = "processes",
    jobs: JobsOption = None,
    address: AddressOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Export every combination of a sweep file, each in a process of its own with limits.

    What was made already is not made again: a sweep that was ended, by whatever, goes on when it is
    started again. The report is in --out, as report.html, report.md and report.json.
    """
    from _edgeship.export.commands.sweep_view import SweepProgress
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.running import Exports, drive
    from _edgeship.export.sweep.starting import start_engine
    from _edgeship.export.sweep.sweep_file import read_sweep
    from _edgeship.export.sweep.variants import variants_of
    from _edgeship.terminal import interrupt

    wanted = read_sweep(file)
    folder = file.resolve().parent
    variants = variants_of(wanted, folder)
    place = out_of(file, out)
    check_out(place)
    with Artifacts(place) as artifacts:
        running = start_engine(engine, wanted.limits.memory, jobs, address)
        try:
            with SweepProgress(len(variants)) as progress:
                exports = Exports(artifacts, folder, wanted.limits, progress.finished, progress.say)
                exports.plan(variants, interrupt.check)
                drive(running, [exports], interrupt.check)
        finally:
            running.close()
        _report(progress.in_order(variants), exports.counts, artifacts, as_json=as_json)


def out_of(file: Path, out: Path | None) -> Path:
    """Return the folder for what a sweep makes."""
    return out or Path("build/sweeps") / file.stem


def _report(every: list[Finished], counts: Counts, artifacts: Artifacts, *, as_json: bool) -> None:
    from _edgeship.export.commands.sweep_view import leave, show, write_report

    found = write_report(every, counts, artifacts)
    if as_json:
        print_json(found)
    else:
        show(every, counts)
        console().print(printable(f"report: {artifacts.folder / 'report.html'}"), soft_wrap=True)
    leave(every)
