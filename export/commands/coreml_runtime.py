"""Runs an .mlpackage in Core ML itself, which only macOS has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from export.calibration.arrays import Sample
from export.coreml.evaluator.program import Array, Feature
from export.coreml.library import coremltools, quiet
from export.coreml.prediction import can_predict
from export.errors import InputError, VerificationError


def predict(
    path: Path, inputs: Sequence[Feature], labels: Sequence[str], samples: Sequence[Sample]
) -> list[dict[str, Array]]:
    """Return what Core ML computes from each sample, on the CPU.

    Args:
        path: The package.
        inputs: What it takes.
        labels: Its classes, if it is a classifier.
        samples: Input name -> array; of a picture, its pixels (1, C, H, W) of 0 to 255 in the
            package's order of colours.

    Returns:
        Output name -> array; of a dictionary, the probabilities in the order of the labels.

    Raises:
        InputError: This is no Mac.
        VerificationError: Core ML refuses the package or fails when it runs it.
    """
    if not can_predict():
        raise InputError(
            "Core ML cannot be run here.",
            why="only macOS has it",
            todo="leave --runtime out: edgeship's evaluator runs anywhere",
        )
    ct = coremltools()
    # Core ML's errors reach Python as plain RuntimeErrors, and as others where it was not built.
    try:
        with quiet():
            model = ct.models.MLModel(str(path), compute_units=ct.ComputeUnit.CPU_ONLY)
            found = [model.predict(_given(inputs, sample)) for sample in samples]
    except Exception as error:
        raise VerificationError("Core ML does not run the package.", why=str(error)) from error
    return [_arrays(results, labels) for results in found]


def _given(inputs: Sequence[Feature], sample: Sample) -> dict[str, Any]:
    return {
        feature.name: sample[feature.name]
        if feature.image is None
        else _picture(sample[feature.name], feature.image.color)
        for feature in inputs
    }


def _picture(pixels: Array, color: str) -> Image.Image:
    """Return pixels (1, C, H, W) as a picture; Core ML brings its channels into its order."""
    planes = pixels[0].astype(np.uint8)
    if color == "GRAYSCALE":
        return Image.fromarray(planes[0])
    ordered = planes[::-1] if color == "BGR" else planes
    return Image.fromarray(np.ascontiguousarray(ordered.transpose(1, 2, 0)))


def _arrays(results: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Array]:
    return {
        name: _by_label(value, labels) if isinstance(value, Mapping) else np.asarray(value)
        for name, value in results.items()
    }


def _by_label(probabilities: Mapping[Any, float], labels: Sequence[str]) -> Array:
    """Return the probabilities in the order of the labels; Core ML's dictionaries have none."""
    found = {str(label): value for label, value in probabilities.items()}
    if set(found) != set(labels):
        raise VerificationError("Core ML gives probabilities of other classes than the package's.")
    return np.array([found[label] for label in labels], np.float32)
