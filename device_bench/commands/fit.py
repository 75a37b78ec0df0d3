"""`fit`: learn from measured networks how long others will take on a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import print_error
from _edgeship.terminal.words import check_file

if TYPE_CHECKING:
    from _edgeship.device_bench.commands.measuring import Plan
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.prediction.measured import Usable
    from _edgeship.device_bench.prediction.model import Setup
    from _edgeship.device_bench.store.place import Place

#: Rounds on devices that measure time: a model is of many files, and each counts little.
ROUNDS = 5


@options.measuring(
    "accelerator", "accelerator_library", "runs", "timeout", "uninstall_app", rounds=ROUNDS
)
def fit(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE.tflite]...",
            help="What to measure. By default networks of the catalog, small ones of many kinds, "
            "which are exported first.",
        ),
    ] = None,
    *,
    device: options.DeviceOption,
    quant: Annotated[
        str, typer.Option(metavar="SCHEMES", help="Schemes of these networks, with commas.")
    ] = "none,int8",
    again: Annotated[
        bool, typer.Option("--again", help="Measure also what the store has already.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="The model. Default: build/latency/DEVICE-....json"),
    ] = None,
    how: MeasurementOptions,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Fit a model of latency to networks measured on a device, for `predict` and `export advise`.

    Each kind of operator gets an overhead and a roofline: the longer of mult-adds at a rate and
    bytes at a rate. Whole families of networks are held out to say how wrong predictions are. All
    files that the store has with a profile count, if they lie where they were measured.
    """
    from _edgeship.device_bench.commands.measuring import make_plans
    from _edgeship.device_bench.commands.prediction_view import fitted_dict, show_fit
    from _edgeship.device_bench.prediction import measured, model
    from _edgeship.terminal.console import print_json

    schemes = options.parse_schemes(quant)
    for file in files or []:
        check_file(file, "FILE")
    if out is not None and out.suffix != ".json":
        raise InputError(f"--out {out} is not named like a model.", todo="end it in .json")
    [plan] = make_plans([device], how)
    setup = model.Setup(
        runner=plan.settings.runner, threads=how.threads, cores=tuple(plan.settings.cores)
    )
    chosen = list(files or []) or _networks(schemes)
    _measure(chosen, plan, setup, store, again=again)
    fitted = measured.fit(_usable(store, plan, setup), setup)
    path = out or model.place(plan.device.selector, setup)
    model.save(fitted, path)
    if as_json:
        print_json(fitted_dict(fitted, path))
    else:
        show_fit(fitted, path)


def _networks(schemes: Sequence[str]) -> list[Path]:
    from _edgeship.device_bench.prediction.networks import NETWORKS
    from _edgeship.device_bench.studies.probe_files import probe_files
    from _edgeship.terminal import interrupt

    found: list[Path] = []
    for name, size in NETWORKS:
        interrupt.check()
        found += probe_files(name, schemes, print_error, size).values()
    return found


def _measure(files: Sequence[Path], plan: Plan, setup: Setup, store: Place, *, again: bool) -> None:
    """Measure what the store lacks; the store has each round at once."""
    from _edgeship.device_bench.commands.measuring import measure_all
    from _edgeship.files import sha256_of

    there = set() if again else {one.learned.sha256 for one in _usable(store, plan, setup)}
    missing = [file for file in files if sha256_of(file) not in there]
    if missing:
        print_error(f"measuring {len(missing)} of {len(files)} files on {plan.device.selector}")
        measure_all(missing, [plan], store, profile=True).finish()


def _usable(store: Place, plan: Plan, setup: Setup) -> list[Usable]:
    from _edgeship.device_bench.prediction.measured import usable
    from _edgeship.device_bench.store.store import Filter, Store

    selector = plan.device.selector
    with Store(store) as kept:
        return usable(kept.sessions(Filter(device=selector)), selector, setup)
