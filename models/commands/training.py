"""`python -m models train` and `evaluate`."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from _edgeship.errors import InputError
from _edgeship.models.catalog.registry import names as zoo_names
from _edgeship.terminal.console import print_error
from _edgeship.terminal.invocation import as_typed, current
from _edgeship.terminal.numbers import parse_numbers, parse_shape
from _edgeship.terminal.progress import counting_bar

if TYPE_CHECKING:
    from _edgeship.models.training.train import Epoch

Name = Annotated[str, typer.Argument(help="A name that `list` prints.")]
Data = Annotated[
    Path,
    typer.Option(exists=True, help="Folder or zip file: train/CLASS/*.jpg, test/CLASS/*.jpg."),
]


def train_model(
    name: Name,
    data: Data,
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Passes over the pictures.")] = 12,
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures per step.")] = 64,
    learning_rate: Annotated[float, typer.Option(min=1e-6, help="Peak of the one cycle.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of everything random.")] = 0,
    size: Annotated[
        int | None,
        typer.Option(min=8, max=1024, help="Side of the input; by default that of the pictures."),
    ] = None,
    undo_strides: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many of the first halvings to undo, for small pictures; by default as many "
            "as leave the last map 4 pixels a side.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for NAME.safetensors and NAME.json.")] = Path(
        "build/training"
    ),
) -> None:
    """Train the model NAME; the same command continues a run that was stopped."""
    from _edgeship.models.training.train import TrainingRequest, train

    request = TrainingRequest(
        name=name,
        data=data,
        folder=out,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        size=size,
        strides_undone=undo_strides,
    )
    bar = Progress(
        TextColumn("epoch {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=current().quiet or not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", loss=0.0)
        try:
            checkpoint, card = train(
                request,
                say=typer.echo,
                step_done=lambda at: bar.update(
                    task,
                    description=f"{at.epoch + 1}/{epochs}",
                    completed=at.step,
                    total=at.steps,
                    loss=at.loss,
                ),
                epoch_done=_print_epoch,
            )
        except KeyboardInterrupt as stop:
            message = "stopped; the same command continues after the last finished epoch"
            typer.echo(message, err=True)
            raise typer.Exit(130) from stop
    typer.echo(
        f"{checkpoint}: test accuracy {card.test_accuracy:.2f} % on {card.test_images} pictures"
    )
    if not current().quiet:
        step = f"python -m export {name} --weights {shlex.quote(str(checkpoint))} --quant int8"
        typer.echo(f"next: {as_typed(step)}")


def _print_epoch(done: Epoch) -> None:
    typer.echo(
        f"epoch {done.number}/{done.epochs}  loss {done.loss:.3f}  "
        f"test accuracy {100 * done.accuracy:.2f} %  {done.seconds:.0f} s"
    )


def evaluate_model(
    name: Annotated[
        str,
        typer.Argument(
            help="A name that `list` prints, or a network of yours, as FILE.py:FUNCTION."
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            exists=True,
            help="Folder or zip file: test/CLASS/*.jpg; or a .csv file with path,label.",
        ),
    ],
    weights: Annotated[
        str | None,
        typer.Option(
            help="cifar10, imagenet, or a checkpoint; a network of yours may have its own."
        ),
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option("--input", metavar="SHAPE", help="Shape of the input of a network of yours."),
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
            metavar="FRACTION", help="How much of the shorter side its centre crop keeps."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the share of pictures whose highest score is that of their class (top-1), in PyTorch.

    `python -m export evaluate` also compares networks with each other and with files.
    """
    from _edgeship.export.evaluation.candidates import Asked
    from _edgeship.export.evaluation.evaluate import Question, evaluate

    if weights is None and name in zoo_names():
        raise InputError(
            f"{name} has random weights.", todo="give trained ones: --weights cifar10, for example"
        )
    asked = Asked(
        weights=weights,
        shapes=() if input_ is None else (parse_shape(input_),),
        mean=None if mean is None else parse_numbers(mean, "--mean"),
        std=None if std is None else parse_numbers(std, "--std"),
        crop=crop,
    )
    with counting_bar() as listener:
        found = evaluate(Question((name,), data, asked), listener)
    for note in found.notes:
        print_error(f"note: {note}")
    [top1] = [one.top1 for one in found.files]
    if top1 is None:
        raise InputError(f"The pictures in {data} have no labels.")
    if as_json:
        typer.echo(json.dumps({"model": name, "weights": weights, **asdict(top1)}, indent=2))
        return
    typer.echo(
        f"{found.files[0].name}: top-1 accuracy {100 * top1.share:.2f} % "
        f"({top1.count} of {top1.total} pictures, float32; 95 % interval {100 * top1.low:.2f} to "
        f"{100 * top1.high:.2f})"
    )
