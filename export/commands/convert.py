"""`python -m export MODEL`: the export itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.commands import interrupt, options
from export.commands.terminal import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from export.pipeline import Request


def convert(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A name that `list` prints, FILE.onnx, or FILE.py:FUNCTION or "
            "package.module:FUNCTION, where FUNCTION() returns a torch.nn.Module.",
        ),
    ],
    to: Annotated[str, typer.Option(metavar="TARGET", help="What to write: tflite.")] = "tflite",
    quant: Annotated[
        str,
        typer.Option(
            metavar="SCHEMES", help="none, fp16, dynamic, int8, int16x8, or several with commas."
        ),
    ] = "none",
    input_: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="Shape of an input, batch first: 1,3,224,224. Once for each input.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="imagenet|cifar10|FILE",
            help="Trained weights: the publisher's for ImageNet, fetched once; ours for CIFAR-10; "
            "or a checkpoint, .pth, .pt or .safetensors. By default random ones.",
        ),
    ] = None,
    num_classes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Width of the classifier, for a model by name."),
    ] = None,
    calib: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE|random",
            help="Calibration data: a folder of images, a .npz or .npy file, or random. "
            "By default the pictures shipped with edgeship.",
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", help="Mean of each channel on the 0..1 scale: 0.5,0.5,0.5."
        ),
    ] = None,
    std: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Standard deviation, likewise.")
    ] = None,
    io_layout: Annotated[
        str, typer.Option(metavar="nhwc|nchw", help="Axis order of the file's inputs and outputs.")
    ] = "nhwc",
    io_dtype: Annotated[
        str,
        typer.Option(metavar="float32|int8|uint8", help="Type of the file's inputs and outputs."),
    ] = "float32",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Output folder; build/MODEL by default.")
    ] = None,
) -> None:
    """Turn MODEL into verified files for phones.

    Every stage is run on the same samples and compared with the network itself. The files appear
    when all of them are within tolerance, with a manifest.json that says what they are.
    """
    request = _request(
        model=model,
        to=to,
        quant=quant,
        inputs=input_ or [],
        weights=weights,
        num_classes=num_classes,
        calib=calib,
        mean=mean,
        std=std,
        io_layout=io_layout,
        io_dtype=io_dtype,
        out=out,
    )
    from export.commands.convert_view import next_steps, render
    from export.pipeline import export

    output = console()
    with _progress(output) as progress:
        result = export(request, progress.begin)
    output.print(render(result, request))
    output.print(next_steps(result), soft_wrap=True)


def _request(
    *,
    model: str,
    to: str,
    quant: str,
    inputs: list[str],
    weights: str | None,
    num_classes: int | None,
    calib: str | None,
    mean: str | None,
    std: str | None,
    io_layout: str,
    io_dtype: str,
    out: Path | None,
) -> Request:
    """Return the options as a request, or raise InputError before anything slow has begun."""
    targets = options.parse_targets(to)
    schemes = options.parse_schemes(quant)
    shapes = tuple(options.parse_shape(text) for text in inputs)
    means = None if mean is None else options.parse_numbers(mean, "--mean")
    stds = None if std is None else options.parse_numbers(std, "--std")
    options.check_normalization(means, stds, _channels(model, shapes))
    options.check_io_dtype(io_dtype, schemes)
    layout = options.parse_io_layout(io_layout)
    from models.pretrained import NAMED_WEIGHTS

    if weights is not None and weights not in NAMED_WEIGHTS:
        options.check_file(weights, "--weights")
    if out is not None:
        options.check_out(out)
    if calib is not None:
        options.check_calibration(calib)
    from export.pipeline import Request

    return Request(
        model=model,
        targets=targets,
        schemes=schemes,
        shapes=shapes,
        weights=weights,
        num_classes=num_classes,
        calib=calib,
        mean=means,
        std=stds,
        io_layout=layout,
        io_dtype=io_dtype,
        out=out,
    )


def _channels(model: str, shapes: tuple[options.Shape, ...]) -> int | None:
    """Return how many channels the input has, if that can be known without loading the model."""
    import models

    if shapes:
        return shapes[0][1] if len(shapes[0]) > 1 else None
    return models.spec(model).input_size[0] if model in models.names() else None


@dataclass
class _Progress:
    """Shows which stage is running: on a terminal in one line that moves, else in a line each."""

    output: Console
    status: Status | None

    def begin(self, stage: str) -> None:
        interrupt.check()
        if self.status is not None:
            self.status.update(stage)
        else:
            self.output.print(f"{stage} ...")
            sys.stdout.flush()


@contextmanager
def _progress(output: Console) -> Iterator[_Progress]:
    if not output.is_terminal:
        yield _Progress(output, None)
        return
    with output.status("starting") as status:
        yield _Progress(output, status)
