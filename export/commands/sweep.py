"""`sweep`: many exports from one file, each made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.terminal.console import console, print_json, printable
from _edgeship.terminal.words import check_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.evaluated import Keeping
    from _edgeship.export.sweep.evaluations import Evaluations, Judged
    from _edgeship.export.sweep.running import Counts, Finished
    from _edgeship.export.sweep.sweep_file import SweepFile

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

    With [evaluate] in the file, each is evaluated on pictures, beside the network that it was made
    of. What was made already is not made again: a sweep that was ended, by whatever, goes on when
    it is started again. The report is in --out, as report.html, report.md and report.json.
    """
    from _edgeship.export.commands.sweep_view import SweepProgress
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.groups import when_whole
    from _edgeship.export.sweep.report import judged_in_order
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
        judged: list[Judged] = []
        try:
            with SweepProgress(len(variants)) as progress:
                evaluations = evaluations_of(wanted, file, artifacts, judged, progress.say)

                def then(group: Sequence[Finished]) -> None:
                    for source in evaluations:
                        source.add(group)

                whole = when_whole(variants, then)

                def finished(one: Finished) -> None:
                    progress.finished(one)
                    whole(one)

                exports = Exports(artifacts, folder, wanted.limits, finished, progress.say)
                exports.plan(variants, interrupt.check)
                drive(running, [exports, *evaluations], interrupt.check)
        finally:
            running.close()
        every = progress.in_order(variants)
        _report(
            every, exports.counts, artifacts, judged_in_order(judged, variants), as_json=as_json
        )


def out_of(file: Path, out: Path | None) -> Path:
    """Return the folder for what a sweep makes."""
    return out or Path("build/sweeps") / file.stem


def evaluations_of(
    wanted: SweepFile,
    file: Path,
    artifacts: Artifacts,
    judged: list[Judged],
    say: Callable[[str], None],
    kept: Keeping | None = None,
) -> list[Evaluations]:
    """Return the source of the evaluations that a sweep file asks for, if it does.

    Args:
        wanted: What the file says.
        file: The file.
        artifacts: Where exports are kept.
        judged: Gets what becomes of each evaluation.
        say: Shows a line.
        kept: Where evaluations are kept; in the folder of the sweep by default.

    Raises:
        InputError: The pictures cannot be read.
    """
    from _edgeship.export.sweep.evaluations import Evaluations

    if wanted.evaluate is None:
        return []

    def tell(one: Judged) -> None:
        judged.append(one)
        if not one.before:
            say(f"evaluated {one.variant.title}: {one.status} {one.why}".rstrip())

    folder = file.resolve().parent
    return [Evaluations(wanted.evaluate, artifacts, folder, wanted.limits, tell, say, kept)]


def _report(
    every: list[Finished],
    counts: Counts,
    artifacts: Artifacts,
    judged: list[Judged],
    *,
    as_json: bool,
) -> None:
    from _edgeship.export.commands.sweep_view import leave, show, write_report

    found = write_report(every, counts, artifacts, judged)
    if as_json:
        print_json(found)
    else:
        show(every, counts, judged)
        console().print(printable(f"report: {artifacts.folder / 'report.html'}"), soft_wrap=True)
    leave(every, judged)
