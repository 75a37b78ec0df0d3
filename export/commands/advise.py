"""`advise`: which layers of a network cost speed, and what would be faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.errors import InputError
from _edgeship.export.commands import completion
from _edgeship.terminal.console import print_json
from _edgeship.terminal.numbers import parse_shape

if TYPE_CHECKING:
    from _edgeship.device_bench.processes.base import Device
    from _edgeship.device_bench.studies.layer_times import Measured
    from _edgeship.export.advice.advice import Advice
    from _edgeship.export.commands.advise_findings import Saved


def advise(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            autocompletion=completion.networks,
            help="A name that `list` prints, FILE.onnx, FILE.tflite, or FILE.py:FUNCTION, where "
            "FUNCTION() returns a torch.nn.Module.",
        ),
    ],
    input_: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="Shape of an input, batch first: 1,3,224,224. Once for each input.",
        ),
    ] = None,
    balance: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            help="Mult-adds that the device can do per byte that it moves, for the roofline. "
            "Default: 2, a phone's big core.",
        ),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Print every layer and every finding.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="DEVICE",
            help="Measure each layer on a device too: local, virtual, adb, adb:SERIAL or ssh:HOST.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Name the layers of MODEL that break a guideline for fast networks, and what would mend it.

    The guidelines are G1 to G4 of the ShuffleNet V2 paper (arXiv 1807.11164). Everything is
    counted from the graph; a device is needed for --device only. With a model of the device that
    `device_bench fit` has written, the time that each change saves is told too.
    """
    shapes = [parse_shape(text) for text in input_ or []]
    if balance is not None and not 0 < balance < float("inf"):
        raise InputError(f"--balance {balance:g} must be above 0.")
    from _edgeship.device_bench.studies import layer_times as device_time
    from _edgeship.export.advice import roofline
    from _edgeship.export.advice.advice import advise as look_at
    from _edgeship.export.advice.source import read_steps
    from _edgeship.export.commands.advise_view import as_dict, show

    target = None if device is None else _find(device)
    network = read_steps(model, shapes)
    measured = None if target is None else device_time.measure(model, shapes, target)
    note = ""
    if measured is not None and not device_time.same_layers(network, measured.network):
        note = "The exported file has other layers than the graph: these are the file's."
        network = measured.network
    advice = look_at(network, roofline.BALANCE if balance is None else balance)
    saved = None if measured is None else _saved(advice, measured)
    if as_json:
        print_json(as_dict(advice, measured, note, saved))
    else:
        show(advice, measured, note, saved, everything=layers)


def _saved(advice: Advice, measured: Measured) -> Saved:
    """Return the time that the mend of each finding saves, if there is a model of the device."""
    from _edgeship.device_bench.prediction.examples import main_dtype
    from _edgeship.device_bench.prediction.known import has_model, how_to_fit, known_model
    from _edgeship.device_bench.prediction.saving import Savings
    from _edgeship.export.commands.advise_findings import Saved

    if not has_model(measured.device):
        return Saved((), 0.0, how_to_fit(measured.device))
    names = [step.name for step in advice.network.steps if step.kind == "layer"]
    times = dict(zip(names, measured.layers, strict=True)) if measured.layers else {}
    savings = Savings(known_model(measured.device), main_dtype(advice.network), times)
    found = tuple(savings.of(finding.before, finding.after) for finding in advice.findings)
    return Saved(found, savings.factor, "")


def _find(selector: str) -> Device:
    from _edgeship.device_bench.devices.find import find

    return find(selector)
