"""What int8 costs the shipped CIFAR-10 checkpoints, as users export them and as others would.

Run: python benchmarks/int8_accuracy.py cifar10.zip [MODEL ...] [--limit N]

Exports each checkpoint in float32 and int8 with the default settings, calibrated on 200 training
pictures and verified on 12 more, and makes an int8 file with litert-quantizer alone: of the graph
as it was captured, with its own calibration (min-max) on the same pictures. Prints top-1 of the
three on N test pictures, and what the two lose in points, with the 95 % interval of pairs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from accuracy import write_training_pictures
from litert_quantizer import quantizer, recipe

from _edgeship.export.calibration.input_spec import specs_of
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import VERIFICATION_SAMPLES, load_samples
from _edgeship.export.contract.request import Request
from _edgeship.export.evaluation.candidates import Asked
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.network.source import load_network
from _edgeship.export.pipeline import export
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.models.weights.pretrained import find, shipped_names, spec_of

#: Training pictures that are calibrated on.
CALIBRATED = 200


@dataclass(frozen=True)
class Subject:
    """A network to make files of.

    Attributes:
        model: A name of the registry, or an .onnx file.
        weights: Of the one of the registry.
        preprocess: What pictures go through.
    """

    model: str
    weights: str | None
    preprocess: Preprocess


def row(subject: Subject, data: Path, limit: int) -> str:
    """Return a row of the Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        pictures, out = Path(folder) / "train", Path(folder) / "out"
        write_training_pictures(data, pictures, CALIBRATED + VERIFICATION_SAMPLES)
        request = Request(
            subject.model,
            ("tflite",),
            ("none", "int8"),
            weights=subject.weights,
            calib=str(pictures),
            out=out,
        )
        files = [out / one.file for one in export(request).manifest.artifacts]
        files.append(Path(folder) / "quantizer.tflite")
        files[-1].write_bytes(plain_file(subject, pictures))
        of = subject.preprocess
        asked = Asked(mean=of.mean, std=of.std, crop=of.crop)
        found = evaluate(Question(tuple(map(str, files)), data, asked, limit=limit))
    cells = [f"{100 * one.top1.share:.2f}" for one in found.files if one.top1 is not None]
    for one in found.comparisons:
        gap = one.difference
        if gap is not None:
            words = f"{100 * gap.difference:+.2f} ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})"
            cells += [words, f"{100 * one.agreement.share:.2f} %"]
    return f"| {Path(subject.model).stem} | {' | '.join(cells)} |"


def by_the_quantizer(graph: TfliteGraph, lowered: Lowered, samples: Sequence[Sample]) -> bytes:
    """Return litert-quantizer's int8 file of a graph, with its own calibration."""
    job = quantizer.Quantizer(bytearray(to_bytes(to_model(graph, lowered.io, ""))))
    job.load_quantization_recipe(recipe.static_wi8_ai8())
    (port,) = lowered.io.inputs
    feeds = [
        {port.name: np.ascontiguousarray(sample[port.name].transpose(port.perm))}
        for sample in samples
    ]
    measured = job.calibrate({"serving_default": feeds})
    result = job.quantize(measured, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def plain_file(subject: Subject, pictures: Path) -> bytes:
    """Return litert-quantizer's int8 file of a network as it was captured.

    Args:
        subject: The network.
        pictures: A folder of pictures to calibrate on.
    """
    with load_network(subject.model, weights=subject.weights) as network:
        captured = simplify(network.definition.capture(network.shapes))
        [shape] = network.shapes
    lowered = lower(captured)
    specs = specs_of({lowered.io.inputs[0].name: shape})
    samples = load_samples(pictures, specs, subject.preprocess, limit=CALIBRATED)
    return by_the_quantizer(lowered.graph, lowered, samples.arrays)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="*", default=shipped_names())
    parser.add_argument("--limit", type=int, default=10_000, help="test pictures")
    arguments = parser.parse_args()
    print(
        "| model | float32 | int8 | litert-quantizer | points | same class "
        "| points, litert-quantizer | same class |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name in arguments.models:
        entry = spec_of(name, find(name, "cifar10"))
        preprocess = Preprocess(entry.mean, entry.std, entry.crop)
        print(
            row(Subject(name, "cifar10", preprocess), arguments.data, arguments.limit), flush=True
        )


if __name__ == "__main__":
    main()
