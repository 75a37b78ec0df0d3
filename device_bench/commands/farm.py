"""`farm`: a sweep file exported, and each file measured on phones."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.device_bench.commands import options
from _edgeship.device_bench.farm.values import TARGET
from _edgeship.errors import InputError
from _edgeship.export.commands.sweep import (
    AddressOption,
    EngineOption,
    JobsOption,
    OutOption,
    SweepArgument,
    evaluations_of,
    out_of,
)
from _edgeship.terminal.invocation import current
from _edgeship.terminal.words import check_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from _edgeship.device_bench.farm.phones import Phones
    from _edgeship.device_bench.farm.turns import SharedTurns
    from _edgeship.device_bench.farm.values import Measured, Work
    from _edgeship.device_bench.store.store import Store
    from _edgeship.export.commands.sweep_view import SweepProgress
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.evaluations import Evaluations, Judged
    from _edgeship.export.sweep.jobs import Engine
    from _edgeship.export.sweep.running import Exports, Finished
    from _edgeship.export.sweep.sweep_file import Measure, SweepFile
    from _edgeship.export.sweep.variants import Variant


def farm(
    file: SweepArgument,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            metavar="DEVICE",
            autocompletion=options.devices,
            help="A phone of the farm: local, virtual, adb:SERIAL or ssh:HOST. May be given "
            "several times. With --engine ray by default all that the cluster's nodes have.",
        ),
    ] = None,
    out: OutOption = None,
    engine: EngineOption = "processes",
    jobs: JobsOption = None,
    address: AddressOption = None,
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help="Do only what no other farm does that was started with the same file and the same "
            "--store: each file is measured once on each model, whichever farm has its phones.",
        ),
    ] = False,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Export a sweep, and measure each .tflite file of it on phones, one job a phone at a time.

    Files of a network are measured beside one another as soon as they are there. A phone that dies
    loses its job to another phone of its model. What was exported or measured before is not done
    again. The report is in --out.
    """
    from _edgeship.device_bench.commands.farm_view import report
    from _edgeship.device_bench.farm.turns import KeptInStore
    from _edgeship.device_bench.store.store import Store
    from _edgeship.export.commands.sweep_view import SweepProgress
    from _edgeship.export.sweep.artifacts import Artifacts
    from _edgeship.export.sweep.report import judged_in_order
    from _edgeship.export.sweep.running import drive
    from _edgeship.export.sweep.starting import start_engine
    from _edgeship.export.sweep.sweep_file import read_sweep
    from _edgeship.export.sweep.variants import variants_of
    from _edgeship.terminal import interrupt

    wanted = read_sweep(file)
    variants = variants_of(wanted, file.resolve().parent)
    if all(one.target != TARGET for one in variants):
        raise InputError(
            f"{file} has no .tflite files, and phones measure no others.",
            todo='add "tflite" to targets',
        )
    place = out_of(file, out)
    check_out(place)
    with (
        Store(store) as kept,
        Artifacts(place) as artifacts,
        _turns(wanted, kept, place, share=share) as turns,
    ):
        running = start_engine(engine, wanted.limits.memory, jobs, address)
        measured: list[Measured] = []
        judged: list[Judged] = []
        try:
            with SweepProgress(len(variants)) as progress:
                phones = _phones(wanted, device, running, artifacts, kept, progress, measured)
                evaluations = evaluations_of(
                    wanted, file, artifacts, judged, progress.say, KeptInStore(place, kept)
                )
                exports = _exports(wanted, file, artifacts, progress, phones, evaluations, variants)
                sources: list[Exports | Phones | Evaluations] = [exports, phones, *evaluations]

                def check() -> None:
                    interrupt.check()
                    if turns is not None:
                        turns.renew()

                if turns is not None:
                    phones.shared = True
                    for source in sources:
                        source.turns = turns
                exports.plan(variants, check)
                drive(running, sources, check)
        finally:
            running.close()
        every, judged = progress.in_order(variants), judged_in_order(judged, variants)
        report(every, judged, measured, exports, phones, artifacts, kept, as_json=as_json)


def _turns(
    wanted: SweepFile, store: Store, out: Path, *, share: bool
) -> AbstractContextManager[SharedTurns | None]:
    """Return whose turn each job is, where other farms do the same sweep."""
    from _edgeship.device_bench.farm.turns import shared

    return shared(store, out, 60 * wanted.limits.lease_minutes) if share else nullcontext()


def _phones(
    wanted: SweepFile,
    named: Sequence[str] | None,
    engine: Engine,
    artifacts: Artifacts,
    store: Store,
    progress: SweepProgress,
    measured: list[Measured],
) -> Phones:
    """Return the source of all jobs with phones.

    Raises:
        InputError: No phone is named, or an option is wrong.
    """
    from functools import partial

    from _edgeship.device_bench.farm.phones import Phones
    from _edgeship.device_bench.farm.results import known

    selectors = list(dict.fromkeys(named or getattr(engine, "devices", list)()))
    if not selectors:
        raise InputError(
            "The farm has no phone.",
            todo="name one with --device; or start Ray's nodes with their phones: "
            """ray start --address=HOST:PORT --resources='{"adb:SERIAL": 1}'""",
        )

    def tell(one: Measured) -> None:
        measured.append(one)
        if not one.before:
            on = f" on {one.phone}" if one.phone else ""
            progress.say(f"measured {one.work.title}{on}: {one.status} {one.why}".rstrip())

    return Phones(
        selectors,
        on=wanted.measure.on,
        options=_options(wanted.measure),
        root=artifacts.root,
        command=current().command,
        known=partial(known, store),
        keep=store.listener,
        tell=tell,
        say=progress.say,
        away_seconds=60 * wanted.measure.away_minutes,
        seconds=60 * wanted.measure.minutes,
        retries=wanted.limits.retries,
    )


def _options(measure: Measure) -> dict[str, Any]:
    """Return the options of a measurement, which are checked here."""
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.runners.find import runner

    names = ("runner", "accelerator", "threads", "cores")
    more = ("rounds", "runs", "seconds", "warmup", "timeout")
    found = {name: getattr(measure, name) for name in (*names, *more)}
    MeasurementOptions(**found).check_accelerator()
    runner(measure.runner, accelerator=measure.accelerator)
    return found


def _exports(
    wanted: SweepFile,
    file: Path,
    artifacts: Artifacts,
    progress: SweepProgress,
    phones: Phones,
    evaluations: Sequence[Evaluations],
    variants: Sequence[Variant],
) -> Exports:
    """Return the source of all exports, which gives files on when a network has all."""
    from _edgeship.export.sweep.groups import when_whole
    from _edgeship.export.sweep.running import Exports

    def then(group: Sequence[Finished]) -> None:
        if group[0].variant.target == TARGET:
            phones.add(_work(group, artifacts))
        for source in evaluations:
            source.add(group)

    whole = when_whole(variants, then)

    def finished(one: Finished) -> None:
        progress.finished(one)
        whole(one)

    return Exports(artifacts, file.resolve().parent, wanted.limits, finished, progress.say)


def _work(group: Sequence[Finished], artifacts: Artifacts) -> Work:
    from _edgeship.device_bench.farm.values import Work

    files: dict[str, str] = {}
    beside: list[str] = []
    for one in group:
        if one.made is None:
            continue
        folder = artifacts.place(one.made.key).relative_to(artifacts.root).as_posix()
        files[f"{folder}/{one.made.file}"] = one.made.sha256
        beside.append(f"{folder}/manifest.json")
    first = group[0].variant
    return Work(" ".join(filter(None, (first.network, first.options))), files, tuple(beside))
