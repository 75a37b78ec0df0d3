"""`evaluate`: how good files and networks are on the user's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.commands import options
from _edgeship.export.contract.labels import read_labels
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal import words
from _edgeship.terminal.console import print_json
from _edgeship.terminal.numbers import parse_numbers, parse_shape
from _edgeship.terminal.progress import counting_bar

ENDINGS = ", ".join(target.suffix for target in TARGETS.values())


def evaluate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help=f"What to evaluate: {ENDINGS}; or networks, as MODEL of an export. The first is "
            "what the others are compared with.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR|ZIP|CSV",
            help="The pictures: a folder or a zip file with a folder per class, or in one folder "
            "without classes; or a list of path,label.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What to compare with, instead of the first FILE."),
    ] = None,
    weights_of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Compare with this network in PyTorch, with the weights that the manifest.json "
            "beside the first FILE names.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="imagenet|cifar10|FILE", help="Weights of the networks, as in an export."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Names of the classes, one a line, in the order of the scores. By default as the "
            "manifest.json records them, or else sorted by name.",
        ),
    ] = None,
    ignore_labels: Annotated[
        bool,
        typer.Option(
            "--ignore-labels", help="Compare with the reference only, whatever is on the pictures."
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The most pictures, as many of each class."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Which pictures --limit draws.")
    ] = 0,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="SHAPE", help="Shape of the input where a network does not tell it."
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="Mean of each channel on the 0..1 scale. By default as the manifest.json beside "
            "a file says.",
        ),
    ] = None,
    std: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Standard deviation, likewise.")
    ] = None,
    crop: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            help="How much of the resized shorter side the centre crop keeps, likewise.",
        ),
    ] = None,
    color: Annotated[
        str, typer.Option(metavar="rgb|bgr", help="Order of the channels, likewise.")
    ] = "rgb",
    save_disagreements: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the pictures on which a FILE has another best class than the reference.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate files and networks on pictures: accuracy, agreement, and what is noise.

    Top-1 and top-5 have 95 % intervals. All files run on the same pictures, so that differences
    are paired: only pictures count on which just one of two files is right. Outputs that are no
    scores of classes are compared with the reference's by SQNR, cosine, and IoU of label maps.
    """
    means = None if mean is None else parse_numbers(mean, "--mean")
    stds = None if std is None else parse_numbers(std, "--std")
    options.check_normalization(means, stds, None)
    bgr = options.parse_color(color) == "bgr"
    shapes = () if input_ is None else (parse_shape(input_),)
    classes = () if labels is None else read_labels(labels)
    _check_weights(weights)
    if reference is not None and weights_of is not None:
        raise InputError("--reference and --weights-of exclude each other.", todo="leave one out")
    if save_disagreements is not None:
        words.check_out(save_disagreements)
    from _edgeship.export.runtimes import apart_starter

    apart_starter.begin(*apart_starter.READING)
    from _edgeship.export.commands.evaluate_view import show
    from _edgeship.export.evaluation.candidates import Asked, recorded_weights
    from _edgeship.export.evaluation.evaluate import Question
    from _edgeship.export.evaluation.evaluate import evaluate as answer

    if weights_of is not None:
        reference = weights_of
        weights = weights or recorded_weights(Path(files[0]))
    question = Question(
        names=tuple(dict.fromkeys((*([reference] if reference else []), *files))),
        data=data,
        asked=Asked(weights, shapes, means, stds, crop, bgr),
        labels=classes,
        ignore_labels=ignore_labels,
        limit=limit,
        seed=seed,
        disagreements=save_disagreements,
    )
    with counting_bar() as listener:
        found = answer(question, listener)
    if as_json:
        print_json(found.to_dict())
    else:
        show(found)
    if found.failed:
        raise typer.Exit(VerificationError.exit_code)


def _check_weights(weights: str | None) -> None:
    from _edgeship.models.weights.pretrained import NAMED_WEIGHTS

    if weights is not None and weights not in NAMED_WEIGHTS:
        words.check_file(weights, "--weights")
