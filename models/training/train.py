"""Train a model of the registry on a folder or zip of pictures; a stopped run can be resumed."""

from __future__ import annotations

import pickle
import shlex
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from _edgeship.errors import InputError
from _edgeship.models.building import create
from _edgeship.models.catalog.registry import spec
from _edgeship.models.resolution import undo_strides, usual_strides_undone
from _edgeship.models.training.data import Split, picture_side, read_split
from _edgeship.models.training.recipe import Progress, Recipe, Run, count_right
from _edgeship.models.weights.card import Card, card_path
from _edgeship.models.weights.checkpoint_file import file_sha256


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on what and how.

    Attributes:
        name: A name of the registry.
        data: A folder or zip file with train/CLASS/* and test/CLASS/*.
        folder: Where the checkpoint goes, as NAME.safetensors and NAME.json.
        epochs: Passes over the training pictures.
        batch_size: Pictures per step.
        learning_rate: Peak of the cycle.
        seed: Of everything random.
        size: Side of the input in pixels; None for that of the pictures, at most the published.
        strides_undone: Layers of stride 2 that get stride 1; None for as many as leave the last
            feature map 4 pixels a side.
    """

    name: str
    data: Path
    folder: Path
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    size: int | None = None
    strides_undone: int | None = None


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch.

    Attributes:
        number: From 1.
        epochs: Of the whole run.
        loss: Mean of its steps.
        accuracy: Of the test pictures, 0 to 1.
        seconds: Training and testing.
    """

    number: int
    epochs: int
    loss: float
    accuracy: float
    seconds: float


def train(
    request: TrainingRequest,
    *,
    say: Callable[[str], None],
    step_done: Callable[[Progress], None],
    epoch_done: Callable[[Epoch], None],
) -> tuple[Path, Card]:
    """Train, and write the checkpoint and its card.

    After every epoch the state is kept in FOLDER/NAME.training.pt. The same request continues from
    there, and ends with the same result as an uninterrupted run.

    Args:
        request: What to do.
        say: Told what happens before the first epoch.
        step_done: Told after every step.
        epoch_done: Told after every epoch.

    Returns:
        Path of the checkpoint, and its card.

    Raises:
        InputError: The name, the pictures, an option or an earlier state is wrong.
    """
    entry = spec(request.name)
    size, undone = _resolution(request)
    request = replace(request, size=size, strides_undone=undone)
    request.folder.mkdir(parents=True, exist_ok=True)

    say(f"reading {request.data}")
    data = read_split(request.data, "train", (size, size))
    test = read_split(request.data, "test", (size, size))
    _check(request, data, test)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    module = create(request.name, num_classes=len(data.classes), in_channels=3, seed=request.seed)
    recipe = Recipe(
        epochs=request.epochs,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        seed=request.seed,
        mean=entry.mean,
        std=entry.std,
    )
    undo_strides(module, undone, entry.input_size[1])
    run = Run(_without_guess(module), data, recipe, device)
    say(
        f"{request.name}: {len(data.labels)} pictures of {size}x{size} in {len(data.classes)} "
        f"classes, strides undone: {undone}, on {device.type}"
    )

    state_path = request.folder / f"{request.name}.training.pt"
    settings = _settings(request)
    seconds = _restore(run, state_path, settings)
    if run.epoch:
        say(f"continuing after epoch {run.epoch}, from {state_path}")
    share = _accuracy(run, test) if run.finished else 0.0
    while not run.finished:
        start = time.perf_counter()
        loss = run.train_epoch(step_done)
        share = _accuracy(run, test)
        taken = time.perf_counter() - start
        seconds += taken
        _save(run.state() | {"settings": settings, "seconds": seconds}, state_path)
        epoch_done(Epoch(run.epoch, request.epochs, loss, share, taken))

    checkpoint = request.folder / f"{request.name}.safetensors"
    partial = checkpoint.with_suffix(".partial")
    tensors = {key: value.cpu().contiguous() for key, value in module.state_dict().items()}
    partial.write_bytes(save(tensors))
    card = Card(
        model=request.name,
        dataset=request.data.name,
        classes=data.classes,
        input_size=(3, size, size),
        strides_undone=undone,
        **asdict(recipe),
        command=_command(request),
        train_images=len(data.labels),
        test_images=len(test.labels),
        test_accuracy=round(100 * share, 2),
        date=date.today().isoformat(),
        torch=torch.__version__,
        device=torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        seconds=round(seconds, 1),
        sha256=file_sha256(partial),
    )
    card_path(checkpoint).write_text(card.model_dump_json(indent=2) + "\n")
    partial.replace(checkpoint)
    state_path.unlink()
    return checkpoint, card


def _resolution(request: TrainingRequest) -> tuple[int, int]:
    """Return the side of the input and the strides to undo, as asked for or as the pictures need.

    Raises:
        InputError: The model does not read colour pictures.
    """
    published = spec(request.name).input_size
    if len(published) != 3 or published[0] != 3:
        raise InputError(f"{request.name} does not read colour pictures.")
    size = request.size or min(picture_side(request.data), *published[1:])
    undone = request.strides_undone
    if undone is None:
        undone = usual_strides_undone(published[1], size)
    return size, undone


def _without_guess(module: nn.Module) -> nn.Module:
    """Set the classifier's weights to zero: random scores would only have to be unlearned."""
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    nn.init.zeros_(layers[-1].weight)
    return module


def _accuracy(run: Run, test: Split) -> float:
    """Return the share of the test pictures that are classified right, 0 to 1."""
    right, _ = count_right(run.module, test, run.recipe.mean, run.recipe.std, run.device)
    return right / len(test.labels)


def _check(request: TrainingRequest, data: Split, test: Split) -> None:
    if data.classes != test.classes:
        raise InputError(
            f"{request.data} has other classes in test/ than in train/.",
            why=f"only in one: {', '.join(sorted({*data.classes} ^ {*test.classes})[:5])}",
        )
    if len(data.labels) < request.batch_size:
        raise InputError(
            f"{len(data.labels)} pictures do not fill a batch of {request.batch_size}.",
            todo="Use a smaller --batch-size or more pictures.",
        )


def _settings(request: TrainingRequest) -> dict[str, Any]:
    """Return what must be the same when a run is resumed; the paths need not be."""
    free = ("data", "folder")
    return {key: value for key, value in asdict(request).items() if key not in free}


def _command(request: TrainingRequest) -> str:
    """Return what to type for the same run; folders are left out."""
    options = {
        "--data": request.data.name,
        "--epochs": request.epochs,
        "--batch-size": request.batch_size,
        "--learning-rate": request.learning_rate,
        "--seed": request.seed,
        "--size": request.size,
        "--undo-strides": request.strides_undone,
    }
    words = (str(word) for option in options.items() for word in option)
    return shlex.join(["python", "-m", "models", "train", request.name, *words])


#: What it raises to look into a value of another form.
_NO_STATE = (LookupError, TypeError, ValueError, AttributeError)


def _restore(run: Run, path: Path, settings: dict[str, Any]) -> float:
    """Continue from an earlier state if there is one; return the seconds that it took to reach."""
    if not path.exists():
        return 0.0
    todo = f"Delete {path} to start again, or choose another folder with --out."
    try:
        state = torch.load(path, map_location=run.device, weights_only=True)
        earlier, seconds = state.pop("settings"), float(state.pop("seconds"))
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, *_NO_STATE) as error:
        raise InputError(
            f"{path} does not hold the state of a training.", why=str(error), todo=todo
        ) from error
    changed = [key for key in settings if earlier.get(key) != settings[key]]
    if changed:
        raise InputError(
            f"The training in {path} has other settings.",
            why=", ".join(f"{key} was {earlier.get(key)}" for key in changed),
            todo=f"Give the same settings to continue. {todo}",
        )
    run.restore(state)
    return seconds


def _save(state: dict[str, Any], path: Path) -> None:
    """Write a state under another name first: a run may be stopped at any time."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)
