"""Running a package with Core ML itself, which only macOS has."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from export.coreml.convert import Color
from export.coreml.library import coremltools, quiet
from export.coreml.lowering import Lowered
from export.coreml.package import SUFFIX, Package
from export.coreml.ports import Adapted, Ports, Sample
from export.errors import VerificationError
from export.verification.demand import demand
from export.verification.metrics import Outputs, Parity


def can_predict() -> bool:
    """Return whether packages can be run here."""
    return sys.platform == "darwin"


def check_prediction(
    package: Package,
    lowered: Lowered,
    adapted: Adapted,
    ports: Ports,
    reference: Outputs,
    kind: str,
) -> Parity | None:
    """Compare what Core ML computes with the network.

    It computes on the CPU: what differs there is the package, and not the rounding of a GPU or a
    Neural Engine.

    Args:
        package: Its files.
        lowered: What it was made from.
        adapted: The graph that this was made from, with the samples.
        ports: What the package takes and gives.
        reference: What the network computes from the first samples.
        kind: A key of ``TOLERANCES``.

    Returns:
        How far they are from one another; None where the package takes pictures and the samples
        are none, so that it cannot be run on them.

    Raises:
        VerificationError: They are too far from one another.
    """
    feeds: list[dict[str, Any]] = []
    for sample in adapted.samples[: len(reference)]:
        feed = _feed(lowered, adapted.images, sample)
        if feed is None:
            return None
        feeds.append(feed)
    outputs = _predict(package, lowered, ports.labels, feeds)
    places = [port.onnx_name == adapted.probabilities for port in lowered.io.outputs]
    expected = [
        [
            softmax(array) if adapted.scores and classified else array
            for array, classified in zip(row, places, strict=True)
        ]
        for row in reference
    ]
    return demand(expected, outputs, kind, "Core ML's own prediction")


def softmax(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of scores (1, K)."""
    powers = np.exp(scores.astype(np.float64) - scores.max())
    probabilities: NDArray[np.float64] = powers / powers.sum()
    return probabilities


def _feed(lowered: Lowered, images: Mapping[str, Color], sample: Sample) -> dict[str, Any] | None:
    """Return what Core ML is given; None where the sample is no picture and should be one."""
    feed: dict[str, Any] = {}
    for port in lowered.io.inputs:
        array = sample[port.onnx_name]
        if port.onnx_name in images:
            picture = _picture(array, images[port.onnx_name])
            if picture is None:
                return None
            feed[port.name] = picture
        else:
            feed[port.name] = array.astype(port.dtype)
    return feed


def _picture(pixels: NDArray[Any], color: Color) -> Image.Image | None:
    """Return pixels (1, C, H, W) as a picture, or None if they are not whole and in 0 to 255."""
    planes = pixels[0].astype(np.uint8)
    if not np.array_equal(planes, pixels[0]):
        return None
    if color == "GRAYSCALE":
        return Image.fromarray(planes[0])
    # Core ML itself brings the channels into the package's order.
    ordered = planes[::-1] if color == "BGR" else planes
    return Image.fromarray(np.ascontiguousarray(ordered.transpose(1, 2, 0)))


def _predict(
    package: Package, lowered: Lowered, labels: Sequence[str], feeds: Sequence[dict[str, Any]]
) -> Outputs:
    """Return Core ML's outputs, probabilities in the order of the labels."""
    ct = coremltools()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"network{SUFFIX}"
        for name, data in package.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        with quiet():
            model = ct.models.MLModel(str(path), compute_units=ct.ComputeUnit.CPU_ONLY)
        by_label = model.get_spec().description.predictedProbabilitiesName
        outputs: Outputs = []
        for feed in feeds:
            try:
                found = model.predict(feed)
            except RuntimeError as error:
                raise VerificationError(
                    "Core ML cannot run the package.", why=str(error)
                ) from error
            outputs.append(
                [
                    np.asarray(found[port.name])
                    if port.name in found
                    else np.array([found[by_label][label] for label in labels])
                    for port in lowered.io.outputs
                ]
            )
    return [
        [array.reshape(port.shape) for array, port in zip(row, lowered.io.outputs, strict=True)]
        for row in outputs
    ]
