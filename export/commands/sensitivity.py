"""`sensitivity`: which layers lose most of a network when they are rounded to 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.export.commands import completion, options
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal import words
from _edgeship.terminal.console import print_json
from _edgeship.terminal.numbers import parse_numbers
from _edgeship.terminal.progress import counting_bar

#: As many rows are printed by default.
_SHOWN = 20


def sensitivity(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", autocompletion=completion.models, help="As MODEL of an export."
        ),
    ],
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="imagenet|cifar10|FILE",
            autocompletion=completion.weights,
            help="Trained weights, as in an export.",
        ),
    ] = None,
    num_classes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Width of the classifier, for a model by name."),
    ] = None,
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SHAPE", help="Shape of an input, as in an export."),
    ] = None,
    calib: Annotated[
        str | None,
        typer.Option(metavar="DIR|FILE|random", help="Calibration data, as in an export."),
    ] = None,
    ranges: Annotated[
        str,
        typer.Option(
            metavar="auto|mse|min-max|percentile",
            help="How the range of each activation is chosen, as in an export.",
        ),
    ] = "auto",
    mean: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="Mean of each channel on the 0..1 scale."),
    ] = None,
    std: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Standard deviation, likewise.")
    ] = None,
    color: Annotated[
        str, typer.Option(metavar="rgb|bgr", help="Order of the channels that the network reads.")
    ] = "rgb",
    to: Annotated[
        str,
        typer.Option(
            metavar="TARGET",
            autocompletion=completion.targets,
            help=f"Whose operators are named beside the layers: {', '.join(TARGETS)}.",
        ),
    ] = "tflite",
    samples: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Most calibration samples to round the layers on."),
    ] = 16,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rows of the table; JSON has them all.")
    ] = _SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Also draw the error of each layer, in their order."),
    ] = None,
) -> None:
    """Find the layers that lose most of MODEL in 8 bits.

    Each layer is rounded alone, its weights and its result, and then all layers but it. The table
    begins with the layer that loses most, and says what to leave in float: --keep-float of an
    export.
    """
    targets = options.parse_targets(to)
    _check(targets, weights, calib, picture)
    ports = [options.parse_input(text) for text in input_ or []]
    means = None if mean is None else parse_numbers(mean, "--mean")
    stds = None if std is None else parse_numbers(std, "--std")
    options.check_normalization(means, stds, None)
    dtypes = tuple(dtype for _, dtype in ports)
    from _edgeship.export.commands.sensitivity_view import draw, show
    from _edgeship.export.contract.request import Request
    from _edgeship.export.locating import locate

    request = Request(
        model=model,
        targets=targets,
        schemes=("int8",),
        shapes=tuple(shape for shape, _ in ports),
        dtypes=dtypes if set(dtypes) - {"float32"} else (),
        weights=weights,
        num_classes=num_classes,
        calib=calib,
        ranges=options.parse_observer(ranges),
        mean=means,
        std=stds,
        color=options.parse_color(color),
    )
    with counting_bar("layers") as listener:
        found, notes = locate(request, samples, listener)
    if picture is not None:
        draw(found, picture)
    if as_json:
        print_json(found.to_dict())
    else:
        show(found, notes, top)


def _check(
    targets: tuple[str, ...], weights: str | None, calib: str | None, picture: Path | None
) -> None:
    """Check what can be checked before anything slow begins.

    Raises:
        InputError: There are several targets, or a file is missing or has no ending of a picture.
    """
    from _edgeship.errors import InputError
    from _edgeship.models.weights.pretrained import NAMED_WEIGHTS

    if len(targets) > 1:
        raise InputError("--to takes one target here.", todo=f"choose {targets[0]} alone")
    if weights is not None and weights not in NAMED_WEIGHTS:
        words.check_file(weights, "--weights")
    if calib is not None:
        options.check_calibration(calib)
    if picture is not None:
        if picture.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise InputError(f"--picture {picture} must end in .png, .svg or .pdf.")
        if not picture.absolute().parent.is_dir():
            raise InputError(f"--picture {picture}: the folder does not exist.")
