"""Runs an .mlpackage in Core ML itself, which only macOS has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.export.coreml import prediction
from _edgeship.export.coreml.evaluator.mil.program import Array, Feature
from _edgeship.export.coreml.prediction import can_predict
from _edgeship.export.runtimes.values import Sample


def predict(
    path: Path, inputs: Sequence[Feature], labels: Sequence[str], samples: Sequence[Sample]
) -> list[dict[str, Array]]:
    """Return what Core ML computes from each sample, as `export.coreml.prediction.predict` does.

    Raises:
        InputError: This computer does not have Core ML.
        VerificationError: Core ML refuses the package or fails when it runs it.
    """
    if not can_predict():
        raise InputError(
            "Core ML cannot be run here.",
            why="only macOS has it",
            todo="leave --runtime out: edgeship's evaluator runs anywhere",
        )
    return prediction.predict(path, inputs, labels, samples)
