"""`zoo`: a grid of networks and schemes on one device, with their accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.device_bench.commands import options
from _edgeship.errors import InputError
from _edgeship.terminal.console import (
    add_row,
    console,
    print_error,
    print_json,
    printable,
    table,
)
from _edgeship.terminal.numbers import parse_numbers, parse_shape
from _edgeship.terminal.words import check_out

if TYPE_CHECKING:
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.reports.zoo import Measured
    from _edgeship.device_bench.studies.zoo import Chosen, Entry


@options.measuring("warmup", "timeout")
def zoo(
    model: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Names or patterns, as 'mobilenet_v2_*', or networks of yours, as FILE.onnx or "
            "FILE.py:FUNCTION; with =CHECKPOINT behind them for weights of yours. By default the "
            "networks of the ShuffleNet V2 paper's Figure 1.",
        ),
    ] = None,
    *,
    device: options.DeviceOption,
    quant: Annotated[
        str, typer.Option(metavar="SCHEMES", help="Schemes, with commas: none,int8.")
    ] = "none,int8",
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="cifar10|imagenet",
            help="Trained weights. By default random ones, which take as long; the accuracies are "
            "then those of the papers.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|ZIP|CSV",
            help="Labelled pictures, test/CLASS/*: the accuracy of each file is evaluated on them.",
        ),
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="SHAPE", help="Shape of the input where a network does not tell it."
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", help="Mean of each channel of its input, on the 0..1 scale."
        ),
    ] = None,
    std: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Standard deviation, likewise.")
    ] = None,
    crop: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION", help="How much of the pictures' shorter side the crop keeps."
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the exported files are kept.")
    ] = Path("build/zoo"),
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page with the plots.")] = Path(
        "build/zoo.html"
    ),
    how: MeasurementOptions,
    store: options.StoreOption = options.STORE,
    as_json: options.JsonOption = False,
) -> None:
    """Measure networks in several schemes, and plot accuracy and mult-adds against time.

    Missing files are exported first, into --folder. All files are measured in one session, in
    interleaved rounds.
    """
    from _edgeship.device_bench.studies.zoo import WEIGHTS, choose

    schemes = options.parse_schemes(quant)
    if weights is not None and weights not in WEIGHTS:
        raise InputError(
            f"A zoo cannot have --weights {weights}.", todo=f"choose from {', '.join(WEIGHTS)}"
        )
    if out.suffix != ".html":
        raise InputError(f"--out {out} is not named like a page.", todo="end it in .html")
    check_out(folder)
    shape = None if input_ is None else parse_shape(input_)
    means = None if mean is None else parse_numbers(mean, "--mean")
    stds = None if std is None else parse_numbers(std, "--std")
    networks = [
        one if one.registered else replace(one, shape=shape, mean=means, std=stds)
        for one in choose(model or [], weights)
    ]
    if data is not None and not all(one.trained for one in networks):
        raise InputError(
            "--data evaluates trained networks, and these have random weights.",
            todo="give --weights cifar10 or --weights imagenet, or NAME=CHECKPOINT",
        )
    from _edgeship.device_bench.commands.measuring import make_plans, measure_all
    from _edgeship.device_bench.reports import zoo as report
    from _edgeship.device_bench.results.rows import rows

    plans = make_plans([device], how)
    entries = _prepare(networks, schemes, folder)
    if data is not None:
        from _edgeship.device_bench.studies.accuracy import evaluate

        entries = evaluate(entries, data, lambda name: print_error(f"evaluating {name} ..."), crop)
    result = measure_all([entry.path for entry in entries], plans, store)
    measured = report.join(entries, rows(result.sessions))
    if measured:
        _write(measured, out)
        if as_json:
            print_json(_as_dict(measured))
        else:
            _show(measured, out)
    result.finish()


def _prepare(networks: list[Chosen], schemes: tuple[str, ...], folder: Path) -> list[Entry]:
    """Export what is missing; an export that is interrupted is made again the next time."""
    from _edgeship.device_bench.studies.zoo import prepare
    from _edgeship.terminal import interrupt

    entries: list[Entry] = []
    for number, network in enumerate(networks, 1):

        def report(model: str, number: int = number) -> None:
            print_error(f"exporting {model} ({number} of {len(networks)}) ...")

        interrupt.check()
        entries += prepare(network, schemes, folder, report)
    return entries


def _write(measured: list[Measured], out: Path) -> None:
    from _edgeship.device_bench.reports import html, sessions
    from _edgeship.device_bench.reports.writing import write, written_by
    from _edgeship.device_bench.reports.zoo import section

    details = sessions.sections([one.row for one in measured])
    parts = [section(measured), *(replace(part, folded=True) for part in details)]
    write(out, html.render("Zoo", written_by(), parts))


def _show(measured: list[Measured], out: Path) -> None:
    from _edgeship.device_bench.reports.zoo import notes
    from _edgeship.device_bench.reports.zoo import table as contents

    output = console()
    for note in notes(measured):
        output.print(printable(note))
    output.print()
    shown = contents(measured)
    printed = table(*shown.columns, numbers=tuple(shown.numbers))
    for row in shown.rows:
        add_row(printed, *(cell.text for cell in row))
    output.print(printed)
    output.print()
    output.print(printable(f"drawn in {out}"))


def _as_dict(measured: list[Measured]) -> dict[str, Any]:
    from dataclasses import asdict

    session = measured[0].row.session
    return {
        "session": session.id,
        "device": session.device.model_dump(mode="json"),
        "unit": session.device.unit,
        "complete": session.complete,
        "networks": [
            {
                **asdict(one.entry),
                "path": str(one.entry.path),
                "summary": None if one.row.summary is None else asdict(one.row.summary),
            }
            for one in measured
        ],
    }
