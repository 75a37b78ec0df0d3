"""Opening any file that a target writes, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from _edgeship.export.contract.model_file import ModelFile
from _edgeship.export.contract.target import Target
from _edgeship.export.pipeline import TARGETS
from _edgeship.export.tflite.target import TFLITE


def open_model(path: Path) -> ModelFile:
    """Read a file or a package.

    Raises:
        InputError: It is not a file that a target writes, is damaged, or cannot be read.
        UnsupportedError: Nothing here can run such a file.
    """
    return target_of(path).open(path)


def target_of(path: Path) -> Target:
    """Return the target whose files have such a name; TFLite where none has."""
    ending = path.suffix.lower()
    for target in TARGETS.values():
        if ending in (target.suffix, *target.opens):
            return target
    return TFLITE
