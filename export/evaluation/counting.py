"""From outputs that pass by to results: who was right how often, and how far apart files are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.evaluation.candidates import Candidate
from _edgeship.export.evaluation.classes import Labels
from _edgeship.export.evaluation.results import Comparison, FileResult, OutputDistance
from _edgeship.export.evaluation.running import Chunk, Found, Runner, workers
from _edgeship.export.evaluation.statistics import paired_difference, share_of
from _edgeship.export.evaluation.tally import BEST, Distance, Ranking, ranking_of


class Counting:
    """Counts chunk by chunk; the first candidate is the reference.

    Args:
        candidates: What is run.
        labels: Of the pictures; None where they have none.
        pictures: How many there are.

    Attributes:
        labels: The same; None also where the outputs are no scores of classes.
    """

    def __init__(
        self, candidates: Sequence[Candidate], labels: Labels | None, pictures: int
    ) -> None:
        self.labels = labels
        self._candidates = candidates
        self._pictures = pictures
        self._seconds = [0.0] * len(candidates)
        self._rankings: list[Ranking | None] = []
        self._distances: list[list[Distance]] = []
        self._apart: set[int] = set()

    def add(self, chunk: Chunk) -> None:
        """Count some pictures.

        Raises:
            InputError: Outputs do not fit the labels, or one another.
        """
        if not self._rankings:
            self._begin([found[0] for found in chunk.outputs])
        for index, (found, seconds) in enumerate(zip(chunk.outputs, chunk.seconds, strict=True)):
            self._seconds[index] += seconds
            ranking = self._rankings[index]
            for number, one in enumerate(found, chunk.start):
                if ranking is not None:
                    ranking.add(number, one)
            if index:
                self._compare(index, chunk.outputs[0], found)

    def _begin(self, first: Sequence[Found]) -> None:
        """Find the scores among the outputs, as the first picture shows them."""
        classes = len(self.labels.names) if self.labels is not None else None
        self._rankings = [ranking_of(found, self._pictures, classes) for found in first]
        self._distances = [[] for _ in first]
        if self.labels is None:
            if len(first) == 1:
                raise InputError(
                    "Without labels, one file alone cannot be evaluated.",
                    todo="name the network or file to compare it with: --reference",
                )
            return
        if not any(self._rankings):
            if len(first) == 1:
                raise InputError(
                    f"{self._candidates[0].name} gives no scores of classes.",
                    why=f"its outputs have the shapes {[one.shape for one in first[0]]}",
                    todo="name the network or file to compare its outputs with: --reference",
                )
            self.labels = None
            return
        for candidate, ranking in zip(self._candidates, self._rankings, strict=True):
            if ranking is None:
                raise InputError(f"{candidate.name} gives no scores of classes, and others do.")
            self.labels.check(ranking.scores, candidate.name)

    def _compare(self, index: int, expected: Sequence[Found], found: Sequence[Found]) -> None:
        if index in self._apart:
            return
        distances = self._distances[index]
        try:
            for left, right in zip(expected, found, strict=True):
                if len(left) != len(right):
                    raise InputError(
                        f"{self._candidates[index].name} has {len(right)} outputs, and "
                        f"{self._candidates[0].name} has {len(left)}."
                    )
                distances += [Distance(self._candidates[0].size) for _ in left[len(distances) :]]
                for distance, one, other in zip(distances, left, right, strict=True):
                    distance.add(one, other)
        except InputError as error:
            # Classifiers are compared by their classes, whatever else they give.
            if self.labels is None:
                error.where = error.where or self._candidates[index].name
                raise
            self._apart.add(index)

    def notes(self) -> list[str]:
        """Return what a reader must know of what was counted."""
        notes = []
        for candidate, ranking in zip(self._candidates, self._rankings, strict=True):
            if ranking is not None and ranking.not_finite:
                notes.append(
                    f"{candidate.name} gave NaN or infinity for {ranking.not_finite:,} pictures"
                )
        return notes

    def predictions(self) -> dict[str, NDArray[np.int32]]:
        """Return, for each candidate, the best class of each picture (N,).

        Raises:
            InputError: One gives no scores.
        """
        best = {}
        for candidate, ranking in zip(self._candidates, self._rankings, strict=True):
            if ranking is None:
                raise InputError(
                    f"{candidate.name} gives no scores of classes that could differ.",
                    todo="leave --save-disagreements out",
                )
            best[candidate.name] = ranking.best[:, 0]
        return best

    def file(self, index: int, runner: Runner) -> FileResult:
        """Return how a candidate did."""
        ranking, total = self._rankings[index], self._pictures
        top1 = top5 = None
        if self.labels is not None and ranking is not None:
            right = ranking.best == self.labels.indices[:, None]
            top1 = share_of(int(right[:, 0].sum()), total)
            if ranking.scores > BEST:
                top5 = share_of(int(right.any(axis=1).sum()), total)
        threads = workers() if runner.candidate.parallel else 1
        speed = total * threads / max(self._seconds[index], 1e-9)
        return FileResult(runner.candidate.name, top1, top5, speed, runner.batch)

    def comparison(self, index: int) -> Comparison:
        """Return how a candidate compares with the reference."""
        reference, ranking = self._rankings[0], self._rankings[index]
        agreement = difference = None
        if reference is not None and ranking is not None and reference.scores == ranking.scores:
            same = (reference.best[:, 0] == ranking.best[:, 0]) & (ranking.best[:, 0] >= 0)
            agreement = share_of(int(same.sum()), self._pictures)
            if self.labels is not None:
                here = ranking.best[:, 0] == self.labels.indices
                there = reference.best[:, 0] == self.labels.indices
                difference = paired_difference(
                    int((here & ~there).sum()), int((there & ~here).sum()), self._pictures
                )
        distances = [] if index in self._apart else self._distances[index]
        return Comparison(
            name=self._candidates[index].name,
            reference=self._candidates[0].name,
            agreement=agreement,
            difference=difference,
            outputs=tuple(
                OutputDistance(number, one.sqnr_db, one.cosine, one.least_cosine, one.mean_iou)
                for number, one in enumerate(distances)
            ),
        )
