"""The top-1 accuracy of .tflite files on labelled pictures, computed on this host.

Every device's outputs are compared with the host's before anything is timed, so a file is as
accurate there as here, up to the differences that the comparison tolerates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from _edgeship.device_bench.studies.zoo import Accuracy, Entry
from _edgeship.errors import InputError


def evaluate(
    entries: Sequence[Entry],
    data: Path,
    report: Callable[[str], None],
    crop: float | None = None,
) -> list[Entry]:
    """Return the entries with the accuracy of their file in place of their network's in float.

    Args:
        entries: Entries of files with trained weights.
        data: Labelled pictures, as `export.evaluation.data.open_data` takes them.
        report: Called with each network's name before its files are evaluated, which takes a while.
        crop: Fraction of the resized shorter side that is kept; None for what manifests say.

    Raises:
        InputError: The pictures cannot be read or have no labels, or their classes are not the
            network's.
    """
    from _edgeship.export.evaluation.candidates import Asked
    from _edgeship.export.evaluation.evaluate import Question
    from _edgeship.export.evaluation.evaluate import evaluate as answer

    evaluated: list[Entry] = []
    for model in dict.fromkeys(entry.model for entry in entries):
        report(model)
        ours = [entry for entry in entries if entry.model == model]
        paths = tuple(str(entry.path) for entry in ours)
        found = answer(Question(paths, data, Asked(crop=crop)))
        source = f"evaluated here, each file on {found.source}"
        for entry, file in zip(ours, found.files, strict=True):
            if file.top1 is None:
                raise InputError(f"The pictures in {data} have no labels.")
            accuracy = Accuracy(100 * file.top1.share, source, of_file=True)
            evaluated.append(replace(entry, accuracy=accuracy))
    return evaluated
