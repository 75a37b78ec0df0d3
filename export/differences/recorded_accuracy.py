"""How good the files of two bundles were found to be when the bundles were made."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from _edgeship.errors import InputError
from _edgeship.export.differences.mapping import mapped
from _edgeship.export.differences.results import Change
from _edgeship.files import read_bytes

#: What top-1 and top-5 are called in a table.
_FIGURES = {"top1": "top-1", "top5": "top-5"}


class _Share(BaseModel):
    model_config = ConfigDict(frozen=True)

    share: float
    low: float
    high: float

    @property
    def in_words(self) -> str:
        share, low, high = (100 * each for each in (self.share, self.low, self.high))
        return f"{share:.2f} % ({low:.2f} to {high:.2f})"


class Accuracy(BaseModel):
    """What a bundle records of an evaluation.

    Attributes:
        source: The pictures, in words.
        files: Name of a file -> ``top1`` and ``top5`` -> the share of pictures, 0 to 1, with the
            ends of its interval; None where there was no such figure.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    files: dict[str, dict[str, _Share | None]]


def read_accuracy(path: Path) -> Accuracy | None:
    """Return what an evaluation.json says; None where there is none.

    Raises:
        InputError: It is damaged.
    """
    if not path.is_file():
        return None
    try:
        return Accuracy.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path} cannot be read.", why=f"{place}: {first['msg']}") from error


def accuracy_changes(
    before: Accuracy | None, after: Accuracy | None, names: tuple[str, str]
) -> list[Change]:
    """Return how the accuracy of a file changed, if both bundles were evaluated.

    The shares are not paired: what the files do on the same pictures, ``--eval`` says.

    Args:
        before: Of the old bundle.
        after: Of the new one.
        names: Of the old file and of the new one.
    """
    if before is None or after is None:
        return []
    old, new = (
        {
            _FIGURES[
                figure
            ]: f"{100 * one.share:.2f} % ({100 * one.low:.2f} to {100 * one.high:.2f})"
            for figure, one in accuracy.files.get(name, {}).items()
            if one is not None and figure in _FIGURES
        }
        for accuracy, name in zip((before, after), names, strict=True)
    )
    changes = mapped("accuracy", "", old, new)
    if before.source != after.source:
        changes.append(Change("accuracy", "pictures", before.source, after.source))
    return changes
