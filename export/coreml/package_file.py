"""An .mlpackage as `inspect` shows and `verify` runs it, and how it relates to an ONNX graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.model_file import Reference, Shapes
from _edgeship.export.coreml.constants import constants, scales
from _edgeship.export.coreml.evaluator.mil.program import Feature, MilProgram
from _edgeship.export.coreml.evaluator.reading import read_program
from _edgeship.export.coreml.evaluator.running import Evaluator
from _edgeship.export.coreml.format.package import digest, read_package
from _edgeship.export.coreml.inspection import Inspection, inspect_program
from _edgeship.export.coreml.package_run import COREML, EVALUATOR, RelatedPackage
from _edgeship.export.coreml.prediction import can_predict
from _edgeship.export.coreml.probabilities import classification
from _edgeship.export.coreml.schemes import SCHEMES
from _edgeship.export.coreml.sheets import sheets
from _edgeship.export.coreml.wiring import Wiring
from _edgeship.sheets import Sheet

#: Outputs that hold no numbers: the label that a classifier chose.
_NO_NUMBERS = ("string", "int64")


@dataclass(frozen=True)
class PackageFile:
    """A package that has been read.

    Attributes:
        path: The folder.
        digest: What a manifest records as its sha256.
        program: What it holds.
        found: The same, counted.
    """

    path: Path
    digest: str
    program: MilProgram
    found: Inspection

    def facts(self) -> dict[str, Any]:
        """Return what it holds as plain values."""
        return self.found.to_dict()

    def sheets(self) -> Sequence[Sheet | str]:
        """Return the same for people."""
        return sheets(self.found)

    def constants(self) -> Mapping[str, np.ndarray]:
        """Return name -> values of its constants, as they are stored."""
        return constants(self.program)

    def scales(self) -> Mapping[str, tuple[float, int]]:
        """Return name of what an operator `quantize` computes -> its scale and zero point."""
        return scales(self.program)

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Output of probabilities -> the names of its classes."""
        program = self.program
        if not program.labels:
            return {}
        return {one.name: program.labels for one in program.outputs if one.dtype == "dictionary"}

    @property
    def takes_pictures(self) -> bool:
        """Whether an input is a picture, which the package normalises itself."""
        return any(feature.image is not None for feature in self.program.inputs)

    @property
    def reads_bgr(self) -> bool:
        """Whether an input is a picture whose blue comes first."""
        images = [feature.image for feature in self.program.inputs]
        return any(image is not None and image.color == "BGR" for image in images)

    @property
    def known_runtimes(self) -> Collection[str]:
        """The runtimes that there are."""
        return (EVALUATOR, COREML)

    @property
    def default_runtimes(self) -> tuple[str, ...]:
        """What runs it where the user does not say: on a Mac, Core ML as well."""
        return (EVALUATOR, COREML) if can_predict() else (EVALUATOR,)

    @property
    def baseline(self) -> str | None:
        """There is none: the evaluator is the only one everywhere."""
        return None

    @property
    def inputs(self) -> Shapes:
        """Its inputs: name -> shape; of a flexible one, the default."""
        return {feature.name: feature.shape for feature in self.program.inputs}

    def tolerance(self, scheme: str | None) -> str:
        """Return the tolerance of a scheme of a manifest, or of what the package holds."""
        found = scheme or _scheme(self.found)
        return SCHEMES[found].tolerance if found in SCHEMES else found

    def alone(self) -> RelatedPackage:
        """Return the package without a graph."""
        outputs = tuple(feature.name for feature in self._outputs)
        return RelatedPackage(
            self.path,
            self._evaluator,
            self.program.inputs,
            outputs,
            (None,) * len(outputs),
            {},
        )

    def beside(self, reference: Reference, recorded: Artifact | None) -> RelatedPackage:
        """Return the package related to a graph.

        Raises:
            InputError: The inputs or outputs do not fit together.
        """
        inputs = _matched("input", self.program.inputs, reference.inputs)
        outputs = _matched("output", self._outputs, reference.outputs)
        for feature, (name, shape) in zip(inputs, reference.inputs.items(), strict=True):
            pictured = feature.image is not None and name in reference.nhwc
            moved = (shape[0], shape[-1], *shape[1:-1]) if pictured else shape
            if feature.shape != moved:
                raise _unfit("input", name, feature.shape, moved)
        for feature, (name, shape) in zip(outputs, reference.outputs.items(), strict=True):
            found = self._shape(feature)
            if found is not None and found != shape:
                raise _unfit("output", name, found, shape)
        classified = classification(self.program)
        return RelatedPackage(
            self.path,
            self._evaluator,
            inputs,
            tuple(feature.name for feature in outputs),
            tuple(reference.outputs.values()),
            {
                feature.name: classified.scores
                for feature, name in zip(outputs, reference.outputs, strict=True)
                if classified.scores
                and feature.name in classified.outputs
                and name not in reference.probabilities
            },
            reference.nhwc,
        )

    @cached_property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.program)

    @property
    def _outputs(self) -> tuple[Feature, ...]:
        return tuple(one for one in self.program.outputs if one.dtype not in _NO_NUMBERS)

    def _shape(self, feature: Feature) -> tuple[int, ...] | None:
        """Return the shape of an output, or None where its numbers have none of their own."""
        variable = Wiring(self.program).variables.get(feature.name)
        return None if variable is None or feature.dtype == "dictionary" else variable.shape


def open_package(path: Path) -> PackageFile:
    """Read an .mlpackage.

    Raises:
        InputError: It is none, is damaged, or cannot be read.
        UnsupportedError: It holds something else than an ML program.
    """
    files = read_package(path)
    program = read_program(files)
    found = inspect_program(program, {name: len(data) for name, data in files.items()})
    return PackageFile(path, digest(files), program, found)


def _scheme(found: Inspection) -> str:
    """Return the scheme that would have written such a package, or a name for what it holds."""
    weights = found.weight_kind.removeprefix("sparse ")
    if found.quantize:
        return "int8"
    if weights.endswith("-bit palette"):
        return f"palette{weights.partition('-')[0]}"
    if weights in ("int8", "uint8"):
        return "int8-weights"
    if weights in ("float32", "float16", ""):
        return "fp16" if "float16" in (weights, found.compute_kind) else "none"
    return weights


def _matched(side: str, features: Sequence[Feature], expected: Shapes) -> tuple[Feature, ...]:
    """Return the features in the order of the graph: by name where these agree, or as they are."""
    if len(features) != len(expected):
        raise InputError(
            f"The package has {len(features)} {side}s and the reference {len(expected)}.",
            todo="give the graph that the package was made from: --reference FILE.onnx",
        )
    by_name = {feature.name: feature for feature in features}
    if set(by_name) == set(expected):
        return tuple(by_name[name] for name in expected)
    return tuple(features)


def _unfit(side: str, name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> InputError:
    return InputError(
        f"The {side} {name!r} of the package has shape {found}, and the reference {expected}.",
        todo="give the graph that the package was made from: --reference FILE.onnx",
    )
