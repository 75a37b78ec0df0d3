"""What is counted while the outputs pass by; no output is kept."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.evaluation.running import Found

#: How many of the best classes are kept of each picture.
BEST = 5


@dataclass
class Ranking:
    """The best classes of each picture, as one candidate ranks them.

    Attributes:
        output: Which output holds the scores.
        scores: How many there are.
        best: Indices of the best classes, the very best first: int32 (N, 5), -1 where there are
            fewer, not counting those whose score is NaN.
        not_finite: Pictures that have a score that is NaN or infinite.
    """

    output: int
    scores: int
    best: NDArray[np.int32]
    not_finite: int = 0

    def add(self, number: int, found: Found) -> None:
        """Count the scores of a picture. Of equal scores the first is the best, as for argmax."""
        scores = found[self.output].astype(np.float64).ravel()
        missing = np.isnan(scores)
        if not np.isfinite(scores).all():
            self.not_finite += 1
            scores = np.nan_to_num(scores, nan=-math.inf)
        best = np.argsort(-scores, kind="stable")[:BEST]
        best = best[~missing[best]]
        self.best[number, : len(best)] = best


def ranking_of(found: Found, pictures: int, classes: int | None) -> Ranking | None:
    """Return an empty ranking by the output that holds scores; None if there is no such output.

    Args:
        found: The outputs for one picture.
        pictures: How many there will be.
        classes: How many scores there should be, if that is known: an output with so many is taken
            before others.
    """
    flat = [
        (index, one.size)
        for index, one in enumerate(found)
        if one.size > 1 and one.size == max(one.shape)
    ]
    fitting = [(index, size) for index, size in flat if size == classes]
    if not flat:
        return None
    output, scores = (fitting or flat)[0]
    return Ranking(output, scores, np.full((pictures, BEST), -1, np.int32))


@dataclass
class Distance:
    """How far one output of a candidate is from the reference's, over all pictures.

    Attributes:
        pixels: Height and width of a picture: a map of so many scores is one of labels.
    """

    pixels: tuple[int, int]
    _signal: float = 0.0
    _noise: float = 0.0
    _cosines: list[float] = field(default_factory=list)
    _common: Counter[int] = field(default_factory=Counter)
    _either: Counter[int] = field(default_factory=Counter)

    def add(self, expected: NDArray[np.float32], found: NDArray[np.float32]) -> None:
        """Count one picture.

        Raises:
            InputError: The shapes do not fit together.
        """
        found = _in_the_same_order(expected, found)
        left, right = (one.astype(np.float64).ravel() for one in (expected, found))
        self._signal += float(left @ left)
        self._noise += float(np.square(left - right).sum())
        lengths = math.sqrt(float(left @ left) * float(right @ right))
        self._cosines.append(
            float(left @ right) / lengths if lengths else float((left == right).all())
        )
        maps = self._labels(expected), self._labels(found)
        if maps[0] is not None and maps[1] is not None:
            self._count(maps[0], maps[1])

    @property
    def sqnr_db(self) -> float:
        """Signal to noise over all pictures, in dB; infinite where nothing differs."""
        if self._noise == 0:
            return math.inf
        if self._signal == 0 or not math.isfinite(self._noise):
            return -math.inf
        return 10 * math.log10(self._signal / self._noise)

    @property
    def cosine(self) -> float:
        """The mean over pictures of the cosine of the angle between the two outputs."""
        return float(np.mean(self._cosines))

    @property
    def least_cosine(self) -> float:
        """The same of the worst picture."""
        return float(np.min(self._cosines))

    @property
    def mean_iou(self) -> float | None:
        """The mean over labels of intersection over union; None where there are no labels."""
        if not self._either:
            return None
        return float(np.mean([self._common[one] / every for one, every in self._either.items()]))

    def _labels(self, values: NDArray[np.float32]) -> NDArray[np.int64] | None:
        """Return a map of labels, or what a map of scores chooses; None of anything else."""
        if values.dtype.kind in "iu" and values.ndim >= 2 and values.size > max(values.shape):
            return values.astype(np.int64).ravel()
        if values.ndim == 3 and values.shape[0] > 1 and values.shape[1:] == self.pixels:
            return np.asarray(values.argmax(axis=0), np.int64).ravel()
        return None

    def _count(self, expected: NDArray[np.int64], found: NDArray[np.int64]) -> None:
        for label in np.unique(np.concatenate([expected, found])).tolist():
            here, there = expected == label, found == label
            self._common[label] += int((here & there).sum())
            self._either[label] += int((here | there).sum())


def _in_the_same_order(
    expected: NDArray[np.float32], found: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return an output with its channels where the reference has them.

    Raises:
        InputError: It has another shape.
    """
    if found.shape == expected.shape:
        return found
    for moved in (np.moveaxis(found, -1, 0), np.moveaxis(found, 0, -1)) if found.ndim > 1 else ():
        if moved.shape == expected.shape:
            return moved
    raise InputError(
        f"An output of shape {found.shape} cannot be compared with one of {expected.shape}.",
        why="the files do not compute the same thing",
    )
