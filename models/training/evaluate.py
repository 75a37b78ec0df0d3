"""The top-1 accuracy of trained weights on labelled pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from _edgeship.errors import InputError
from _edgeship.models.building import create
from _edgeship.models.training.data import read_split
from _edgeship.models.training.recipe import count_right
from _edgeship.models.weights.pretrained import find, spec_of


@dataclass(frozen=True)
class Result:
    """How many pictures were classified right.

    Attributes:
        model: Name in the registry.
        weights: Where they come from, in words.
        input_size: Channels, height and width.
        images: Number of pictures.
        right: Number of pictures whose highest score is that of their class.
        accuracy: `right` in percent of `images`.
    """

    model: str
    weights: str
    input_size: tuple[int, ...]
    images: int
    right: int
    accuracy: float


def evaluate(name: str, weights: str | Path, data: Path) -> Result:
    """Run a network in float32 on every picture in test/.

    Args:
        name: A name of the registry.
        weights: What `models.weights.pretrained.find` takes.
        data: A folder or zip file with test/CLASS/*. The classes, sorted by name, are those of
            the scores, in their order.

    Raises:
        InputError: Name, weights or pictures are wrong, or the classes are not the network's.
    """
    trained = find(name, weights)
    entry = spec_of(name, trained)
    if len(entry.input_size) != 3:
        raise InputError(f"{name} does not read pictures.")
    module = create(name, weights=trained)
    test = read_split(data, "test", entry.input_size[1:], entry.crop)
    if trained.card and trained.card.classes != test.classes:
        raise InputError(
            f"The classes of {data} are not those of the weights.",
            why=f"The weights distinguish {', '.join(trained.card.classes)}.",
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    right, scores = count_right(module, test, entry.mean, entry.std, device)
    if scores != len(test.classes):
        raise InputError(
            f"{name} gives {scores} scores, but {data} has {len(test.classes)} classes."
        )
    images = len(test.labels)
    return Result(
        name, trained.source, entry.input_size, images, right, round(100 * right / images, 2)
    )
