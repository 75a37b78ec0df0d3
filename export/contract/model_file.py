"""What `inspect` and `verify` need of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.delegates.report import Run
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.sheets import Sheet

#: Name -> shape in ONNX axis order; the names in the order of the graph.
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Reference:
    """The ONNX graph that a file is compared with.

    Attributes:
        path: Where it was read.
        data: The graph, with static shapes.
        specs: Input name -> what it takes.
        outputs: Name -> shape.
        probabilities: The outputs that a Softmax computes.
    """

    path: Path
    data: bytes
    specs: Mapping[str, InputSpec]
    outputs: Shapes
    probabilities: frozenset[str]

    @property
    def inputs(self) -> Shapes:
        """Name -> shape of its inputs."""
        return {name: spec.shape for name, spec in self.specs.items()}

    @property
    def nhwc(self) -> frozenset[str]:
        """The inputs that take pictures with their channels at the end."""
        return frozenset(
            name for name, spec in self.specs.items() if spec.picture and spec.layout == "nhwc"
        )


class Related(Protocol):
    """A file whose inputs and outputs are matched with a graph's, or taken as they are."""

    @property
    def outputs(self) -> Sequence[str]:
        """The names of the outputs that can be compared, in the order of the graph."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader must know about how the outputs are compared."""

    def fed(
        self, samples: list[Sample], preprocess: Preprocess
    ) -> tuple[list[Sample], list[Sample]]:
        """Return the samples as the graph gets them, and as the file does."""

    def run(self, samples: Sequence[Sample], runtime: str) -> Run:
        """Run the file on samples made for it; axes lie as in ONNX."""

    def open(self, batch: int | None = None) -> Callable[[Sample], list[np.ndarray]]:
        """Return what runs samples made for the file, one by one, as `run` runs all.

        Several threads may call it at once.

        Args:
            batch: Extent of the first axis of the samples' arrays, where it is not the file's own.

        Raises:
            VerificationError: The file does not run, or not on such a batch; this may come only
                when a sample is run.
        """

    def stored(self, sample: Sample) -> Sample:
        """Return a sample made for the file as the file stores it: in its types and axis order."""

    def open_stored(self) -> Callable[[Sample], Sample]:
        """Return what runs such samples in the first default runtime.

        It returns outputs by their names, in the file's types and axis order.

        Raises:
            VerificationError: The file does not run; this may come only when a sample is run.
        """

    def expected(self, reference: Outputs, runtime: str) -> Outputs:
        """Return what a runtime is to give where the graph computes ``reference``."""


class ModelFile(Protocol):
    """A file or package that has been read."""

    def facts(self) -> dict[str, Any]:
        """Return what it holds as plain values, ready for JSON."""

    def sheets(self) -> Sequence[Sheet | str]:
        """Return the same for people: tables, and sentences between them."""

    def constants(self) -> Mapping[str, np.ndarray]:
        """Return name -> values of what is stored in it: weights above all, as they are stored.

        Raises:
            InputError: They cannot be read.
        """

    def scales(self) -> Mapping[str, tuple[float, int]]:
        """Return name of a value that is quantized while the file runs -> scale and zero point."""

    @property
    def digest(self) -> str:
        """What a manifest records as its sha256."""

    @property
    def inputs(self) -> Shapes:
        """Name -> shape in ONNX axis order, as far as the file alone tells."""

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Output -> the names of its classes, where the file itself holds them."""

    @property
    def takes_pictures(self) -> bool:
        """Whether it takes pixels and normalises them itself."""

    @property
    def reads_bgr(self) -> bool:
        """Whether it says that it takes blue first and red last."""

    @property
    def known_runtimes(self) -> Collection[str]:
        """All runtimes that can run such files, installed here or not."""

    @property
    def default_runtimes(self) -> tuple[str, ...]:
        """The runtimes to use where the user names none."""

    @property
    def baseline(self) -> str | None:
        """The runtime to compare others with where there is no graph; None if there is none."""

    def tolerance(self, scheme: str | None) -> str:
        """Return the tolerance of a scheme of a manifest, or of what the file holds."""

    def alone(self) -> Related:
        """Return the file without a graph."""

    def beside(self, reference: Reference, recorded: Artifact | None) -> Related:
        """Return the file related to a graph."""
