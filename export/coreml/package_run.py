"""Runs an .mlpackage on the samples of a graph: pictures and classes are translated."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from scipy.special import softmax

from _edgeship.errors import VerificationError
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess
from _edgeship.export.coreml.evaluator.mil.program import Array, Feature
from _edgeship.export.coreml.evaluator.running import Evaluator
from _edgeship.export.coreml.package_runtimes import predict
from _edgeship.export.coreml.probabilities import check_probabilities
from _edgeship.export.delegates.report import Run
from _edgeship.export.runtimes.apart import Apart
from _edgeship.export.runtimes.values import Outputs, Sample

#: Runtimes of packages: our own, and Core ML itself, which only macOS has.
EVALUATOR = "evaluator"
COREML = "coreml"


@dataclass(frozen=True)
class RelatedPackage:
    """A package whose inputs and outputs are a graph's, or their own.

    Attributes:
        path: Where it is, for Core ML.
        evaluator: What runs it here.
        inputs: Its inputs, in the order of the graph's.
        outputs: The names of its outputs that hold numbers, in the order of the graph's.
        shapes: The shape of each of these, or None to leave it as the package gives it.
        scores: Output of probabilities -> the scores that its softmax reads, where the graph gives
            scores. These are compared: probabilities are so much alike that a wrong package could
            pass.
        nhwc: Inputs of the graph that take pictures with their channels at the end.
    """

    path: Path
    evaluator: Evaluator
    inputs: tuple[Feature, ...]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...] | None, ...]
    scores: Mapping[str, str]
    nhwc: Collection[str] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about how the outputs are compared."""
        return tuple(
            f"{name} holds probabilities and the reference scores: the scores before the "
            "package's softmax are compared, and then that it is one"
            for name in self.scores
        )

    def fed(
        self, samples: list[Sample], preprocess: Preprocess
    ) -> tuple[list[Sample], list[Sample]]:
        """Return the samples as the graph gets them, and as the package does.

        A package that takes pictures gets whole pixels of 0 to 255, and the graph the same
        pixels, normalised. The channels lie as the graph reads them, which is the package's order.
        """
        for_graph: list[Sample] = []
        for_package: list[Sample] = []
        for sample in samples:
            given: dict[str, np.ndarray] = {}
            fed: dict[str, np.ndarray] = {}
            for feature, (name, values) in zip(self.inputs, sample.items(), strict=True):
                given[name] = fed[feature.name] = values
                if feature.image is not None:
                    last = name in self.nhwc
                    first = values.transpose(0, 3, 1, 2) if last else values
                    fed[feature.name] = _pixels(first, preprocess)
                    pixels = _normalized(fed[feature.name], preprocess)
                    given[name] = pixels.transpose(0, 2, 3, 1) if last else pixels
            for_graph.append(given)
            for_package.append(fed)
        return for_graph, for_package

    def run(self, samples: Sequence[Sample], runtime: str) -> Run:
        """Run the package on samples under the names of its inputs.

        Raises:
            InputError: The package contradicts itself, or Core ML is not here.
            VerificationError: What it gives as probabilities are none, or Core ML fails.
        """
        if runtime == COREML:
            labels = self.evaluator.program.labels
            found = predict(self.path, self.inputs, labels, samples)
            return Run([self._outputs(results) for results in found])
        with self._apart() as evaluator:
            return Run([evaluator.call("evaluated", sample) for sample in samples])

    def open(self, batch: int | None = None) -> Callable[[Sample], list[Array]]:
        """Return what evaluates samples one after another.

        Raises:
            VerificationError: A batch is asked for: a package takes one picture.
        """
        if batch is not None:
            raise VerificationError("A package is evaluated on one sample at a time.")
        evaluator = self._apart()
        return lambda sample: cast("list[Array]", evaluator.call("evaluated", sample))

    def stored(self, sample: Sample) -> Sample:
        """Return a sample made for the package in the types that the package takes."""
        return {
            feature.name: np.asarray(
                sample[feature.name], np.float32 if feature.image is not None else feature.dtype
            )
            for feature in self.inputs
        }

    def open_stored(self) -> Callable[[Sample], Sample]:
        """Return what evaluates such samples, and gives the outputs that hold numbers."""
        evaluator = self._apart()
        return lambda sample: cast("Sample", evaluator.call("numbers", sample))

    def _apart(self) -> Apart:
        """Return the package in a process of its own, which computes what it says."""
        return Apart(f"Evaluating {self.path}", _Here, self)

    def expected(self, reference: Outputs, runtime: str) -> Outputs:
        """Return what a runtime is to give where the graph computes ``reference``.

        Core ML shows no scores inside of a package, so that these become probabilities.
        """
        if runtime != COREML:
            return reference
        return [
            [
                softmax(values, axis=-1) if name in self.scores else values
                for name, values in zip(self.outputs, row, strict=True)
            ]
            for row in reference
        ]

    def evaluated(self, sample: Sample) -> list[Array]:
        """Return the outputs that are compared, for one sample, in this process.

        Raises:
            InputError: The package contradicts itself.
            VerificationError: What it gives as probabilities are none.
        """
        results = self.evaluator.run(sample, tuple(self.scores.values()))
        for name, scores in self.scores.items():
            check_probabilities(name, results[name], results[scores])
            results[name] = results[scores]
        return self._outputs(results)

    def _outputs(self, results: Mapping[str, Array]) -> list[Array]:
        """Return the results in the order and the shapes of the graph's."""
        outputs = []
        for name, shape in zip(self.outputs, self.shapes, strict=True):
            values = results[name]
            fits = shape is not None and values.size == math.prod(shape)
            outputs.append(values.reshape(shape) if fits else values)
        return outputs


class _Here:
    """A package that is evaluated in this process."""

    def __init__(self, package: RelatedPackage) -> None:
        self._package = package

    def evaluated(self, sample: Sample) -> list[Array]:
        """Return the outputs that are compared, for one sample."""
        return self._package.evaluated(sample)

    def numbers(self, sample: Sample) -> Sample:
        """Return the outputs that hold numbers, by their names."""
        results = self._package.evaluator.run(sample)
        return {name: results[name] for name in self._package.outputs}


def _pixels(values: Array, preprocess: Preprocess) -> Array:
    """Return what a normalised picture was made from: float32 of 0 to 255, whole numbers."""
    mean, std = _per_channel(preprocess, values.shape[1])
    pixels: Array = np.clip(np.rint((values * std + mean) * 255), 0, 255)
    return pixels.astype(np.float32)


def _normalized(pixels: Array, preprocess: Preprocess) -> Array:
    mean, std = _per_channel(preprocess, pixels.shape[1])
    normalized: Array = (pixels / np.float32(255) - mean) / std
    return normalized


def _per_channel(preprocess: Preprocess, channels: int) -> tuple[Array, Array]:
    if len(preprocess.mean) != channels:
        preprocess = default_preprocess(channels)
    mean = np.array(preprocess.mean, np.float32).reshape(1, channels, 1, 1)
    return mean, np.array(preprocess.std, np.float32).reshape(1, channels, 1, 1)
