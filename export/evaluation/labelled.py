"""Labelled pictures in two halves: one to choose layers on, and one to judge the choice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess, load_image
from _edgeship.export.evaluation.classes import Labels, labels_of
from _edgeship.export.evaluation.data import Picture, Pictures, open_data
from _edgeship.export.evaluation.running import workers
from _edgeship.export.evaluation.statistics import least_difference, paired_difference
from _edgeship.export.evaluation.tally import Ranking, ranking_of
from _edgeship.export.runtimes.values import Outputs, Sample

#: The most pictures of a half, and the most bytes of both as a network takes them.
_MOST = 5000
_MOST_BYTES = 2**30

#: The fewest pictures in all: one of fewer is more than a point.
_LEAST = 200


def labelled(path: Path, classes: Sequence[str] = ()) -> LabelledFolder:
    """Return the labelled pictures at a place.

    Args:
        path: A folder, a zip file or a list, as `evaluate` takes them.
        classes: In the order of the scores; empty for the labels, sorted by name.

    Raises:
        InputError: There are none, or too few.
    """
    found = LabelledFolder(path, tuple(classes))
    found.check()
    return found


@dataclass(frozen=True)
class Half:
    """Some labelled pictures; see `export.contract.request.PictureHalf`.

    Attributes:
        samples: As the network takes them.
        labels: Their classes.
    """

    samples: Sequence[Sample]
    labels: Labels

    def drop(self, reference: Outputs, outputs: Outputs) -> tuple[float, float, float, float]:
        """Return how many points of top-1 are lost, and Tango's bounds of that.

        These are the ends of the 95 % interval, and the upper bound of four chances in five.

        Raises:
            InputError: No output holds a score for each class.
        """
        before, after = self._right(reference), self._right(outputs)
        paired = paired_difference(
            int((after & ~before).sum()), int((before & ~after).sum()), len(before)
        )
        low, high = -100 * paired.high, -100 * paired.low
        # Without "+ 0.0" no difference would be printed as -0.00.
        return -100 * paired.difference + 0.0, low, high, -100 * least_difference(paired)

    def _right(self, outputs: Outputs) -> NDArray[np.bool_]:
        """Return of which pictures the best score is that of their class."""
        found = [[one[0] for one in each] for each in outputs]
        ranking: Ranking | None = ranking_of(found[0], len(found), len(self.labels.names) or None)
        if ranking is None:
            raise InputError("No output of the network holds scores of classes.", where="--eval")
        self.labels.check(ranking.scores, "the network")
        for number, each in enumerate(found):
            ranking.add(number, each)
        right: NDArray[np.bool_] = ranking.best[:, 0] == self.labels.indices
        return right


@dataclass(frozen=True)
class LabelledFolder:
    """A folder, a zip file or a list of pictures; see `export.contract.request.LabelledPictures`.

    Attributes:
        path: Where they are.
        classes: In the order of the scores; empty for the labels, sorted by name.
    """

    path: Path
    classes: tuple[str, ...] = ()

    def check(self) -> None:
        """Check that there are pictures with labels.

        Raises:
            InputError: There are not, or too few.
        """
        with open_data(self.path) as pictures:
            self._check(pictures)

    def _check(self, pictures: Pictures) -> None:
        if not pictures.labelled:
            raise InputError(
                f"The pictures in {self.path} have no classes.",
                todo="give a folder or a zip file with a folder per class, or a .csv file",
            )
        if len(pictures.pictures) < _LEAST:
            raise InputError(
                f"{self.path} has {len(pictures.pictures)} pictures, and a drop is measured on "
                f"{_LEAST} or more."
            )

    def halves(self, name: str, spec: InputSpec, preprocess: Preprocess) -> tuple[Half, Half]:
        """Return the two halves, of which each has every second picture of a class.

        Args:
            name: Of the network's input.
            spec: What it takes.
            preprocess: What pictures go through before.

        Raises:
            InputError: It takes no pictures, or these cannot be read, or are too few.
        """
        picture = spec.picture
        if picture is None or len(picture) != 3 or spec.shape[0] != 1:
            raise InputError("--eval needs a network that takes one picture.")
        each = 4 * int(np.prod(picture))
        with open_data(self.path) as pictures:
            self._check(pictures)
            drawn = pictures.limited(2 * min(_MOST, _MOST_BYTES // 2 // each))
            if len(drawn.pictures) < _LEAST:
                raise InputError(
                    f"The network takes pictures so large that {len(drawn.pictures)} fill the "
                    f"memory that is kept for them, and a drop is measured on {_LEAST} or more.",
                    where="--eval",
                )
            labels = labels_of(drawn, self.classes, {})
            order = np.argsort(labels.indices, kind="stable")
            channels, size = picture[0], (picture[1], picture[2])

            def loaded(one: Picture) -> Sample:
                with one.open() as stream:
                    array = load_image(stream, size, channels, preprocess, name=one.name)
                return {name: spec.placed(array)[None]}

            def half(places: NDArray[np.intp]) -> Half:
                chosen = [drawn.pictures[place] for place in places]
                with ThreadPoolExecutor(workers()) as pool:
                    samples = list(pool.map(loaded, chosen))
                return Half(samples, replace(labels, indices=labels.indices[places]))

            return half(order[::2]), half(order[1::2])
