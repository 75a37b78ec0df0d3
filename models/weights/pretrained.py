"""What `weights` may name: a file, our CIFAR-10 checkpoints, or the publishers' for ImageNet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.models.catalog.registry import names, spec
from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.weights.card import Card, read_card
from _edgeship.models.weights.downloads import fetch
from _edgeship.models.weights.imagenet import Published, imagenet_classes, published

#: What `weights` may be besides a file.
NAMED_WEIGHTS = ("cifar10", "imagenet")

#: Checkpoints that come with the package.
_SHIPPED = Path(__file__).parent / "cifar10"


@dataclass(frozen=True)
class Pretrained:
    """Trained weights of one model.

    Attributes:
        path: The checkpoint.
        source: Where it comes from, in words.
        card: How it was trained, if `python -m models train` made it.
        published: The row of the table, if a publisher offers it.
    """

    path: Path
    source: str
    card: Card | None = None
    published: Published | None = None

    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes, in the order of the scores; empty if not known."""
        if self.card:
            return self.card.classes
        return imagenet_classes() if self.published else ()

    def facts(self) -> dict[str, Any]:
        """Return what goes into a manifest beside the source, in JSON types."""
        if self.card:
            return self.card.model_dump(
                include={"dataset", "classes", "test_accuracy"}, mode="json"
            )
        if self.published:
            row = self.published
            return {
                "dataset": "ImageNet-1k",
                "top1_accuracy": row.top1,
                "publisher": row.publisher,
                "licence": row.licence,
                "url": row.url,
            }
        return {}


def find(name: str, weights: str | Path) -> Pretrained:
    """Find the weights that the user named for a model; published ones are downloaded.

    Args:
        name: A name of the registry.
        weights: "cifar10", "imagenet", or a checkpoint file.

    Raises:
        InputError: There are none for this model, they belong to another one, or they cannot be
            downloaded.
    """
    if weights == "cifar10":
        return _shipped(name)
    if weights == "imagenet":
        row = published(name)
        return Pretrained(fetch(row), f"imagenet ({row.file}, {row.publisher})", published=row)
    path = Path(weights)
    card = read_card(path)
    known = spec(name)
    if card and card.model not in (name, known.alias_of):
        raise InputError(
            f"The weights were trained as {card.model}, not {name}.",
            where=str(path),
            todo=f"Name that model: {card.model}.",
        )
    return Pretrained(path, str(weights), card=card)


def spec_of(name: str, trained: Pretrained | None) -> ModelSpec:
    """Return the spec of a model, with the input and preprocessing that its weights need.

    A checkpoint with a card has no published figures: those hold for another input.
    """
    entry = spec(name)
    if trained and trained.published:
        return replace(entry, crop=trained.published.crop)
    if trained and trained.card:
        card = trained.card
        return replace(
            entry,
            input_size=card.input_size,
            mean=card.mean,
            std=card.std,
            crop=1.0,
            mult_adds=None,
            params=None,
            top1_error=None,
            published_speed={},
        )
    return entry


def shipped_names() -> list[str]:
    """Return the models that have weights for CIFAR-10 in the package."""
    return [name for name in names() if _shipped_path(name).is_file()]


def _shipped_path(name: str) -> Path:
    return _SHIPPED / f"{name}.safetensors"


def _shipped(name: str) -> Pretrained:
    path = _shipped_path(spec(name).alias_of or name)
    if not path.is_file():
        raise InputError(
            f"{name} has no weights for CIFAR-10.",
            todo=f"`python -m models train {name} --data DIR` trains some. These come with the "
            f"package: {', '.join(shipped_names()) or 'none'}.",
        )
    return Pretrained(path, f"cifar10 ({path.name})", card=read_card(path))
