"""What an evaluation found, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from _edgeship.export.evaluation.statistics import PairedDifference, Share


@dataclass(frozen=True)
class FileResult:
    """How one file or network did.

    Attributes:
        name: What the user called it.
        top1: How often its best class is the label; None without labels.
        top5: How often one of its five best is; None without labels, or with five classes or fewer.
        pictures_per_second: How fast it ran here, on all cores, without the reading of pictures.
        batch: How many pictures it was fed at once.
    """

    name: str
    top1: Share | None
    top5: Share | None
    pictures_per_second: float
    batch: int


@dataclass(frozen=True)
class OutputDistance:
    """How far an output is from the reference's.

    Attributes:
        output: Its number, from 0.
        sqnr_db: Signal to noise over all pictures, in dB.
        cosine: Mean over pictures of the cosine of the angle between the two.
        least_cosine: That of the worst picture.
        mean_iou: Mean over labels of intersection over union, for maps of labels.
    """

    output: int
    sqnr_db: float
    cosine: float
    least_cosine: float
    mean_iou: float | None


@dataclass(frozen=True)
class Comparison:
    """A file beside the reference, on the same pictures.

    Attributes:
        name: The file's.
        reference: The reference's.
        agreement: How often both have the same best class; None where there are no scores.
        difference: By how much more often the file is right; None without labels.
        outputs: Distances of all outputs; empty where these do not fit together.
    """

    name: str
    reference: str
    agreement: Share | None
    difference: PairedDifference | None
    outputs: tuple[OutputDistance, ...]


@dataclass(frozen=True)
class Evaluation:
    """All that was found.

    Attributes:
        source: Where the pictures come from, in words.
        pictures: How many there are.
        classes: Where the order of the classes comes from, in words; "" without labels.
        notes: What a reader must know to judge the results.
        files: Each file or network, the reference first.
        comparisons: Each but the reference.
        failed: Name of a file or network that does not run -> why.
    """

    source: str
    pictures: int
    classes: str
    notes: tuple[str, ...]
    files: tuple[FileResult, ...]
    comparisons: tuple[Comparison, ...]
    failed: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)
