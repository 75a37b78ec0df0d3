"""The top-1 accuracy of .tflite files on labelled pictures, computed on this host.

Every device's outputs are compared with the host's before anything is timed, so a file is as
accurate there as here, up to the differences that the comparison tolerates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.device_bench.studies.zoo import Accuracy, Entry
from _edgeship.errors import InputError
from _edgeship.files import read_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def evaluate(
    entries: Sequence[Entry], weights: str, data: Path, report: Callable[[str], None]
) -> list[Entry]:
    """Return the entries with the accuracy of their file in place of their network's in float.

    Args:
        entries: Entries of files with these weights.
        weights: "cifar10" or "imagenet".
        data: A folder or zip file with test/CLASS/*; the classes, sorted by name, are those of
            the scores, in their order.
        report: Called with each file's name before it is evaluated, which takes a while.

    Raises:
        InputError: The pictures cannot be read, or their classes are not the network's.
    """
    evaluated: list[Entry] = []
    for model in dict.fromkeys(entry.model for entry in entries):
        images, labels, classes = _pictures(model, weights, data)
        source = f"evaluated here, each file on the {len(labels)} test pictures of {data.name}"
        for entry in entries:
            if entry.model == model:
                report(entry.path.name)
                percent = file_accuracy(entry.path, images, labels, classes)
                evaluated.append(replace(entry, accuracy=Accuracy(percent, source, of_file=True)))
    return evaluated


def file_accuracy(
    path: Path, images: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> float:
    """Return the percentage of pictures whose highest score is that of their class.

    Args:
        path: A file with float32 input and output.
        images: Inputs of the network, (N, H, W, C).
        labels: Index of each picture's class, (N,).
        classes: Number of classes.

    Raises:
        InputError: The file gives another number of scores.
    """
    from _edgeship.export.runtimes.interpreters import open_interpreter

    runner = open_interpreter(read_bytes(path)).get_signature_runner()
    (name,) = runner.get_input_details()
    right = 0
    for image, label in zip(images, labels, strict=True):
        (scores,) = runner(**{name: image[None]}).values()
        if scores.size != classes:
            raise InputError(f"{path} gives {scores.size} scores for {classes} classes.")
        right += int(scores.argmax()) == int(label)
    return 100 * right / len(labels)


def _pictures(
    model: str, weights: str, data: Path
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Return the test pictures as the network reads them, their labels, and the class count."""
    from _edgeship.models.training.data import read_split
    from _edgeship.models.training.recipe import normalized
    from _edgeship.models.weights.pretrained import find, spec_of

    trained = find(model, weights)
    entry = spec_of(model, trained)
    if len(entry.input_size) != 3:
        raise InputError(f"{model} does not read pictures.", todo="leave it out, or --data")
    test = read_split(data, "test", entry.input_size[1:], entry.crop)
    if trained.card and trained.card.classes != test.classes:
        raise InputError(
            f"The classes of {data} are not those of the weights.",
            why=f"the weights are for {', '.join(trained.card.classes)}",
        )
    images = normalized(test.images, entry.mean, entry.std).permute(0, 2, 3, 1).contiguous()
    return images.numpy(), test.labels.numpy(), len(test.classes)
