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

from _edgeship.terminal.invocation import as_typed, current

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
    name: Name,
    data: Data,
    weights: Annotated[str, typer.Option(help="cifar10, imagenet, or a checkpoint.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the share of test/ pictures whose highest score is that of their class (top-1)."""
    from _edgeship.models.training.evaluate import evaluate

    result = evaluate(name, weights, data)
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=2))
        return
    typer.echo(
        f"{name}, weights {result.weights}: top-1 accuracy {result.accuracy:.2f} % "
        f"({result.right} of {result.images} pictures, float32, "
        f"{'x'.join(map(str, result.input_size))})"
    )
