"""`edgeship.evaluate` and `edgeship.diff`: files on labelled pictures, and beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgeship import arguments
from edgeship.progress import Progress, shown

if TYPE_CHECKING:
    from _edgeship.export.differences.results import Differences
    from _edgeship.export.evaluation.results import Evaluation


def evaluate(
    files: str | Path | Sequence[str | Path],
    data: str | Path,
    *,
    weights: str | Path | None = None,
    labels: arguments.ClassNames = (),
    ignore_labels: bool = False,
    limit: int | None = None,
    seed: int = 0,
    input_shape: Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    crop: float | None = None,
    color: Literal["rgb", "bgr"] = "rgb",
    save_disagreements: str | Path | None = None,
    progress: Progress = None,
) -> Evaluation:
    """Evaluate files and networks on pictures: accuracy, agreement, and what is noise.

    Top-1 and top-5 have 95 % intervals. All run on the same pictures, so that differences are
    paired: only pictures count on which just one of two is right.

    Args:
        files: Files of any target, or networks as `export` names them. The others are compared
            with the first.
        data: A folder or a zip file of pictures with a folder per class, or without classes; or a
            .csv list of path,label.
        weights: Of the networks among them, as for `export`.
        labels: Names of the classes in the order of the scores, as a list or a file of them; by
            default as the manifest.json records them, or else sorted by name.
        ignore_labels: Compare with the first only, whatever is on the pictures.
        limit: The most pictures, as many of each class; by default all.
        seed: Draws these.
        input_shape: Of the input, batch first, where a network does not tell it.
        mean: Mean of each channel on the scale 0 to 1; by default as the manifest.json says.
        std: Standard deviation of each channel, likewise.
        crop: How much of the resized shorter side the centre crop keeps, likewise.
        color: Order of the channels, likewise.
        save_disagreements: Folder for the pictures on which a file and the first differ.
        progress: As for `export`.

    Returns:
        The figures of each file and of each beside the first, as plain values.

    Raises:
        InputError: A file, the pictures, their labels or an argument is wrong.
        UnsupportedError: Nothing here can run a file.
        VerificationError: A runtime fails on a file.
    """
    from _edgeship.export.evaluation.candidates import Asked
    from _edgeship.export.evaluation.evaluate import Question
    from _edgeship.export.evaluation.evaluate import evaluate as answer
    from _edgeship.terminal.progress import Listener

    several = [files] if isinstance(files, str | Path) else files
    asked = Asked(
        weights=None if weights is None else str(weights),
        shapes=() if input_shape is None else arguments.tuples([input_shape]),
        mean=None if mean is None else tuple(mean),
        std=None if std is None else tuple(std),
        crop=crop,
        bgr=color == "bgr",
    )
    question = Question(
        names=tuple(dict.fromkeys(map(str, several))),
        data=Path(data),
        asked=asked,
        labels=arguments.class_names(labels) if labels else (),
        ignore_labels=ignore_labels,
        limit=limit,
        seed=seed,
        disagreements=None if save_disagreements is None else Path(save_disagreements),
    )
    with shown(progress) as report:
        return answer(question, Listener(say=report))


def diff(
    before: str | Path,
    after: str | Path,
    *,
    samples: str | Path | None = None,
    run: bool = True,
    eval_data: str | Path | None = None,
    labels: arguments.ClassNames = (),
    limit: int | None = None,
    progress: Progress = None,
) -> Differences:
    """Say what changed between two deliveries, and whether an app can take the new one.

    Args:
        before: What the app has: a bundle (a folder or a zip file), the folder of an export, or a
            file.
        after: What it is to take, likewise.
        samples: Samples to run both on, as ``calib`` of `export`; by default pictures that come
            with edgeship.
        run: False to compare only what is recorded and stored.
        eval_data: Labelled pictures to evaluate both on, as ``data`` of `evaluate`.
        labels: Names of their classes, as for `evaluate`.
        limit: The most of these pictures; by default all.
        progress: As for `export`.

    Returns:
        What changed, topic by topic; ``breaking`` lists what the app must do, and is empty where
        it can take the new files as they are.

    Raises:
        InputError: One is no delivery, or is damaged; or the samples cannot be read.
        UnsupportedError: Nothing here can read a file.
    """
    from _edgeship.export.differences.compare import Asked, compare_deliveries
    from _edgeship.terminal.progress import Listener

    asked = Asked(
        run=run,
        samples=None if samples is None else str(samples),
        pictures=None if eval_data is None else Path(eval_data),
        labels=arguments.class_names(labels) if labels else (),
        limit=limit,
    )
    with shown(progress) as report:
        return compare_deliveries(Path(before), Path(after), asked, Listener(say=report))
