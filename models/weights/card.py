"""What is known about a checkpoint of our own training: a JSON file beside the weights."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from _edgeship.errors import InputError

_Positive = Field(gt=0)


class Card(BaseModel):
    """How a checkpoint was made, what it reads and how good it is.

    Attributes:
        model: Name in the registry.
        dataset: The file or folder of pictures it was trained on, without its path.
        classes: Names of the classes, in the order of the scores.
        input_size: Channels, height and width.
        strides_undone: How many of the first halvings were undone, see `models.resolution`.
        mean: Per channel, subtracted from a picture on the 0..1 scale.
        std: Per channel, divides the picture after the mean is subtracted.
        command: What was typed.
        seed: Of the weights, the order of the pictures, augmentation and dropout.
        epochs: Passes over the training pictures.
        batch_size: Pictures per step.
        learning_rate: Peak of the one cycle.
        train_images: Number of training pictures.
        test_images: Number of test pictures.
        test_accuracy: Percent of the test pictures whose highest score is that of their class,
            after the last epoch, in float32.
        date: Day on which the training ended, as YYYY-MM-DD.
        torch: Version of PyTorch.
        device: What it was trained on.
        seconds: Time of all epochs.
        sha256: Digest of the checkpoint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    dataset: str
    classes: tuple[str, ...] = Field(min_length=1)
    input_size: tuple[int, int, int]
    strides_undone: int = Field(ge=0)
    mean: tuple[float, ...]
    std: tuple[float, ...]
    command: str
    seed: int
    epochs: int = _Positive
    batch_size: int = _Positive
    learning_rate: float = _Positive
    train_images: int = _Positive
    test_images: int = _Positive
    test_accuracy: float = Field(ge=0, le=100)
    date: str
    torch: str
    device: str
    seconds: float = Field(ge=0)
    sha256: str


def card_path(checkpoint: Path) -> Path:
    """Return where the card of a checkpoint belongs; the file need not exist."""
    return checkpoint.with_suffix(".json")


def read_card(checkpoint: Path) -> Card | None:
    """Return the card beside a checkpoint, or None if there is none.

    Raises:
        InputError: There is one, but it is damaged.
    """
    path = card_path(checkpoint)
    if not path.is_file():
        return None
    try:
        return Card.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise InputError(
            "The card beside the checkpoint cannot be read.",
            where=str(path),
            why=why,
            todo="Restore it, or move it away if it belongs to something else.",
        ) from error
