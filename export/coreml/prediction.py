"""Running a package with Core ML itself, which only macOS has."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from _edgeship.errors import VerificationError
from _edgeship.export.coreml.evaluator.mil.program import Feature, MilProgram
from _edgeship.export.coreml.format.library import coremltools, quiet
from _edgeship.export.coreml.format.package import SUFFIX, Package
from _edgeship.export.coreml.lowering import Lowered
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.parity import Parity
from _edgeship.work_folders import temporary_folder

Array = NDArray[Any]


def can_predict() -> bool:
    """Return whether packages can be run here."""
    return sys.platform == "darwin"


def predictable(adapted: Adapted) -> bool:
    """Return whether Core ML takes the samples: the pixels of a picture must be whole numbers."""
    return all(
        np.array_equal(sample[name], sample[name].astype(np.uint8))
        for sample in adapted.samples
        for name in adapted.images
    )


def check_prediction(
    package: Package,
    program: MilProgram,
    lowered: Lowered,
    adapted: Adapted,
    reference: Outputs,
    kind: str,
) -> Parity:
    """Compare what Core ML computes with the network.

    Args:
        package: Its files.
        program: What was read back from them.
        lowered: What it was made from.
        adapted: The graph that this was made from, with samples that are `predictable`.
        reference: What the network computes from the first samples.
        kind: A key of ``TOLERANCES``.

    Raises:
        VerificationError: They are too far from one another, or Core ML cannot run the package.
    """
    names = {port.onnx_name: port.name for port in lowered.io.inputs}
    samples = [
        {names[name]: array for name, array in sample.items()}
        for sample in adapted.samples[: len(reference)]
    ]
    with temporary_folder() as folder:
        path = folder / f"network{SUFFIX}"
        for file, data in package.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data)
        found = predict(path, program.inputs, program.labels, samples)
    # Core ML does not show the scores inside a package, so the network's become probabilities.
    by_label = next((f.name for f in program.outputs if f.dtype == "dictionary"), "")
    places = [port.onnx_name == adapted.probabilities for port in lowered.io.outputs]
    outputs = [
        [
            values[by_label if classified else port.name].reshape(port.shape)
            for port, classified in zip(lowered.io.outputs, places, strict=True)
        ]
        for values in found
    ]
    expected = [
        [
            softmax(array.astype(np.float64)) if classified and adapted.scores else array
            for array, classified in zip(row, places, strict=True)
        ]
        for row in reference
    ]
    return demand(expected, outputs, kind, "Core ML's own prediction")


def predict(
    path: Path, inputs: Sequence[Feature], labels: Sequence[str], samples: Sequence[Sample]
) -> list[dict[str, Array]]:
    """Return what Core ML computes from each sample.

    It computes on the CPU, where differences come from the package and not from the rounding of a
    GPU or a Neural Engine.

    Args:
        path: The package.
        inputs: What it takes.
        labels: Its classes, if it is a classifier.
        samples: Input name -> array; of a picture, its pixels (1, C, H, W) of 0 to 255 in the
            package's order of colours.

    Returns:
        Output name -> array; of a dictionary, the probabilities in the order of the labels.

    Raises:
        VerificationError: Core ML refuses the package or fails when it runs it.
    """
    ct = coremltools()
    # Core ML's errors reach Python as RuntimeErrors, and as others where its binding is missing.
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
    """Return pixels (1, C, H, W) as an RGB or grey picture; Core ML swaps channels itself."""
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
