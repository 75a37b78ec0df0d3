"""`python -m export MODEL`: the export itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.export.commands import completion, options
from _edgeship.export.commands.asking import request_of
from _edgeship.export.commands.exporting import exported
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal.console import console, printable
from _edgeship.terminal.invocation import current


def convert(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            autocompletion=completion.models,
            help="A name that `list` prints, FILE.onnx, or FILE.py:FUNCTION or "
            "package.module:FUNCTION, where FUNCTION() returns a torch.nn.Module.",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="TARGETS",
            autocompletion=completion.targets,
            help=f"What to write: {', '.join(TARGETS)}, or several with commas.",
        ),
    ] = "tflite",
    quant: Annotated[
        str,
        typer.Option(
            metavar="SCHEMES",
            autocompletion=completion.schemes,
            help=f"{options.schemes_in_words()}. Several with commas: each target writes those "
            "that it has.",
        ),
    ] = "none",
    input_: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="Shape of an input, batch first: 1,3,224,224. Once for each input. Of integers, "
            "with their type: 1,16:int64.",
        ),
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Export a part: the tensors that it gives, with commas. What only comes behind "
            "them is left out. `inspect FILE.onnx --tensors` prints the names.",
        ),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Export a part: the tensors that it is fed with instead of the network's inputs, "
            "with commas.",
        ),
    ] = None,
    detection: Annotated[
        str | None,
        typer.Option(
            metavar="split|nms",
            help="For detectors: make outputs that join boxes and scores into several, so that "
            "each gets a scale of its own in int8; with nms, also write .tflite files that pick "
            "the best boxes themselves. `--detection` alone means split.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="imagenet|cifar10|FILE",
            autocompletion=completion.weights,
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
            help="Calibration data: a folder or zip file of images, a .npz or .npy file, "
            "FILE.py:FUNCTION that yields samples, or random. By default the pictures shipped with "
            "edgeship.",
        ),
    ] = None,
    calib_samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Most samples of --calib to measure ranges on, by default 200; up to 12 others "
            "are kept to verify on.",
        ),
    ] = None,
    ranges: Annotated[
        str,
        typer.Option(
            metavar="auto|mse|min-max|percentile",
            help="How the range of each activation is chosen: for the least squared error, from "
            "the smallest to the largest value, with 1 of 100,000 left out on each side, or as of "
            "these suits the outputs best.",
        ),
    ] = "auto",
    keep_float: Annotated[
        str | None,
        typer.Option(
            metavar="LAYERS|auto",
            help="Layers of int8 files that stay in float, with commas, as `sensitivity` names "
            "them; * stands for any part of a name. Or auto: the fewest for --min-sqnr or "
            "--max-drop.",
        ),
    ] = None,
    min_sqnr: Annotated[
        float | None,
        typer.Option(
            metavar="DB", help="With --keep-float auto: what the outputs must reach, such as 30."
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            min=0,
            help="With --keep-float auto: the most points of top-1 to lose on --eval, such as 0.5.",
        ),
    ] = None,
    eval_: Annotated[
        Path | None,
        typer.Option(
            "--eval",
            metavar="DIR|ZIP|CSV",
            help="Labelled pictures for --max-drop: half of them choose, half of them judge.",
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
    color: Annotated[
        str,
        typer.Option(
            metavar="rgb|bgr",
            help="Order of the channels that the network reads; --mean and --std follow it.",
        ),
    ] = "rgb",
    input_layout: Annotated[
        str | None,
        typer.Option(
            metavar="nhwc|nchw",
            help="Where the channels of the network's pictures lie; by default as its shape and "
            "its first operators tell.",
        ),
    ] = None,
    io_layout: Annotated[
        str,
        typer.Option(metavar="nhwc|nchw", help="Axis order of a .tflite's inputs and outputs."),
    ] = "nhwc",
    io_dtype: Annotated[
        str,
        typer.Option(
            metavar="float32|int8|uint8",
            help="Type of a .tflite's inputs and outputs: int8 and uint8 hold the network's "
            "normalised input by a scale and a zero point, not the bytes of a picture, which are "
            "--io image.",
        ),
    ] = "float32",
    made_for: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="gpu",
            help="Make a .tflite right on GPUs also where that makes it slower on the CPU: in "
            "grouped and in transposed convolutions.",
        ),
    ] = None,
    require_delegate: Annotated[
        str | None,
        typer.Option(
            metavar="xnnpack|gpu",
            help="Refuse a .tflite that the delegate does not take whole or computes wrong; both "
            "with a comma. The GPU is LiteRT's accelerator on the Vulkan driver that is here.",
        ),
    ] = None,
    ios: Annotated[
        int | None,
        typer.Option(
            metavar="15|16|17|18",
            help="Oldest iOS that an .mlpackage runs on; by default the oldest that has the "
            "schemes.",
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="N,N",
            help="Sizes of batches that an .mlpackage takes, beside 1: 4,16.",
        ),
    ] = None,
    io: Annotated[
        str,
        typer.Option(
            metavar="tensor|image",
            help="What a .tflite or an .mlpackage takes: the network's input, or a picture, of 0 "
            "to 255, that it normalises itself.",
        ),
    ] = "tensor",
    input_names: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="What the files are to call the network's inputs, with commas; by default as its "
            "code or file does.",
        ),
    ] = None,
    output_names: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Likewise its outputs."),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|OUTPUT=FILE|checkpoint",
            help="Names of the classes, one a line or in JSON, or those that the weights were "
            "trained on: the files know them, and an .mlpackage becomes a classifier that returns "
            "the best name, and a probability for each. Once for each output with classes.",
        ),
    ] = None,
    author: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Who made the network; by default who trained it."),
    ] = "",
    license_: Annotated[
        str,
        typer.Option(
            "--license", metavar="TEXT", help="Licence of the network; by default of its weights."
        ),
    ] = "",
    model_version: Annotated[
        str, typer.Option(metavar="TEXT", help="Version of the network, such as 1.2.0.")
    ] = "",
    description: Annotated[
        str, typer.Option(metavar="TEXT", help="What the network is for, in a sentence.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Output folder; build/MODEL by default.")
    ] = None,
) -> None:
    """Turn MODEL into verified files for phones.

    Every stage is run on the same samples and compared with the network itself. The files appear
    when all of them are within tolerance, with a manifest.json that says what they are.
    """
    request = request_of(
        model=model,
        to=to,
        quant=quant,
        input_=input_,
        inputs=inputs,
        outputs=outputs,
        detection=detection,
        weights=weights,
        num_classes=num_classes,
        calib=calib,
        calib_samples=calib_samples,
        ranges=ranges,
        keep_float=keep_float,
        min_sqnr=min_sqnr,
        max_drop=max_drop,
        eval_=eval_,
        mean=mean,
        std=std,
        color=color,
        input_layout=input_layout,
        io_layout=io_layout,
        io_dtype=io_dtype,
        made_for=made_for,
        require_delegate=require_delegate,
        ios=ios,
        batch=batch,
        io=io,
        input_names=input_names,
        output_names=output_names,
        labels=labels,
        author=author,
        license_=license_,
        model_version=model_version,
        description=description,
        out=out,
    )
    result, failure = exported(request)
    call, output = current(), console()
    if call.quiet:
        for file in result.files:
            output.print(printable(str(file)), soft_wrap=True)
    if failure is not None:
        raise failure
    if not call.quiet:
        from _edgeship.export.commands.convert_view import next_steps

        output.print(next_steps(result), soft_wrap=True)
