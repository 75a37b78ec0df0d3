"""A .tflite file as `inspect` shows and `verify` runs it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import AXES, Artifact
from _edgeship.export.contract.model_file import Reference, Shapes
from _edgeship.export.delegates.report import DelegateReport, Run
from _edgeship.export.runtimes.apart import SECONDS, Apart
from _edgeship.export.runtimes.apart_program import MOST_LINES
from _edgeship.export.runtimes.interpreters import RUNTIMES
from _edgeship.export.runtimes.openvino_run import OPENVINO, run_in_openvino
from _edgeship.export.runtimes.tflite_apart import Interpreters, SessionApart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.tflite.browser_run import BROWSER, BROWSER_RUNTIMES, run_in_browser
from _edgeship.export.tflite.building.layout import inverse, permuted
from _edgeship.export.tflite.byte_port import PICTURE
from _edgeship.export.tflite.byte_scale import fitting, normalized, pixels_of
from _edgeship.export.tflite.constants import constants, scales
from _edgeship.export.tflite.delegation import of_gpu, of_xnnpack
from _edgeship.export.tflite.file_ports import match, on_their_own
from _edgeship.export.tflite.gpu_run import GPU_RUNTIMES, run_on_gpu
from _edgeship.export.tflite.inspection import Inspection, inspect
from _edgeship.export.tflite.sheets import sheets
from _edgeship.files import read_bytes
from _edgeship.sheets import Sheet

#: What other runtimes are compared with where there is no ONNX graph: the plain kernels.
BASELINE = "litert-reference"

#: The runtime whose delegate is XNNPACK, and shows its plan.
_WITH_XNNPACK = "litert"

#: Tolerance of what `inspect` finds; other quantizations have one of their name.
_KINDS = {
    "none": "float",
    "float16 weights": "fp16",
    "int8 weights": "dynamic",
    "uint8": "int8",
}


@dataclass(frozen=True)
class RelatedTFLite:
    """A file whose inputs and outputs are those of a graph, or their own.

    Attributes:
        data: The file.
        io: How its inputs and outputs relate to the graph's.
        problems: What is wrong with what the file says of itself, a sentence each.
    """

    data: bytes
    io: FileIO
    problems: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, in the order of the graph."""
        return tuple(port.name for port in self.io.outputs)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know: not about the outputs, but where tools would refuse the file."""
        return self.problems

    def fed(
        self, samples: list[Sample], preprocess: Preprocess
    ) -> tuple[list[Sample], list[Sample]]:
        """Return the samples as the graph gets them, and under the names of the file's inputs.

        A file that takes the bytes of pictures gets these, with red first, and the graph the same
        bytes, normalised.
        """
        ports = self.io.inputs
        given: list[Sample] = []
        fed: list[Sample] = []
        for sample in samples:
            for_graph: dict[str, np.ndarray] = dict(sample)
            for_file: dict[str, np.ndarray] = {}
            for port, (name, values) in zip(ports, sample.items(), strict=True):
                for_file[port.name] = values
                if port.channels is not None:
                    axis = port.perm[port.channels]
                    known = fitting(preprocess, values.shape[axis])
                    for_file[port.name] = pixels = pixels_of(values, known, axis)
                    for_graph[name] = normalized(pixels, known, axis)
            given.append(for_graph)
            fed.append(for_file)
        return given, fed

    def run(self, samples: Sequence[Sample], runtime: str) -> Run:
        """Run the file on samples under the names of its inputs."""
        if runtime in GPU_RUNTIMES:
            return run_on_gpu(self.data, samples, self.io, runtime)
        if runtime in BROWSER_RUNTIMES:
            return run_in_browser(self.data, samples, self.io, runtime)
        if runtime == OPENVINO:
            return Run(run_in_openvino(self.data, samples, self.io))
        with SessionApart(self.data, self.io, runtime) as session:
            report = of_xnnpack(session, self.data) if runtime == _WITH_XNNPACK else None
            return Run([session.run(sample) for sample in samples], report)

    def open(self, batch: int | None = None) -> Callable[[Sample], list[np.ndarray]]:
        """Return what runs samples in LiteRT, in as many interpreters as threads ask at once."""
        count = min(os.cpu_count() or 1, MOST_LINES)
        opened = Apart(
            "Opening the file in litert",
            *(Interpreters, self.data, self.io, batch, count),
            lines=count,
            seconds=SECONDS * (batch or 1),
        )
        return lambda sample: cast("list[np.ndarray]", opened.call("run", sample))

    def stored(self, sample: Sample) -> Sample:
        """Return a sample made for the file as the file stores it."""
        with SessionApart(self.data, self.io) as session:
            feeds = session.feeds(sample)
        return {port.name: feed for port, feed in zip(self.io.inputs, feeds, strict=True)}

    def open_stored(self) -> Callable[[Sample], Sample]:
        """Return what runs such samples in LiteRT."""
        session = SessionApart(self.data, self.io)

        def run(sample: Sample) -> Sample:
            raw = session.run_stored([sample[port.name] for port in self.io.inputs])
            return {port.name: one for port, one in zip(self.io.outputs, raw, strict=True)}

        return run

    def expected(self, reference: Outputs, runtime: str) -> Outputs:
        """Return what a runtime is to give where the graph computes ``reference``: the same."""
        return reference


@dataclass(frozen=True)
class TFLiteFile:
    """A file that has been read.

    Attributes:
        data: Its content.
        found: What it holds.
    """

    data: bytes
    found: Inspection

    def facts(self) -> dict[str, Any]:
        """Return what it holds as plain values."""
        return self.found.to_dict()

    def sheets(self) -> Sequence[Sheet]:
        """Return the same for people."""
        return sheets(self.found)

    def constants(self) -> Mapping[str, np.ndarray]:
        """Return name -> values of its constants, as they are stored."""
        return constants(self.data)

    def scales(self) -> Mapping[str, tuple[float, int]]:
        """Return name of a tensor that is computed or fed -> its scale and zero point."""
        return scales(self.data)

    def delegates(self) -> tuple[list[DelegateReport], str]:
        """Return what delegates take of it, and why the GPU could not be asked, or "".

        Raises:
            VerificationError: LiteRT refuses the file.
        """
        io = self.alone().io
        with SessionApart(self.data, io) as session:
            xnnpack = of_xnnpack(session, self.data)
        gpu, unasked = of_gpu(self.data, io)
        return [xnnpack, gpu], unasked

    @property
    def digest(self) -> str:
        """What a manifest records as its sha256."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Output -> the names of its classes, where the file holds them at its end."""
        said = self.found.said
        tensors = said.tensors("output")
        if len(tensors) != len(self.found.outputs):
            return {}
        found = {
            port.name: said.labels(tensor)
            for port, tensor in zip(self.found.outputs, tensors, strict=True)
        }
        return {name: labels for name, labels in found.items() if labels}

    @property
    def takes_pictures(self) -> bool:
        """Whether it takes pixels and normalises them itself, as its metadata says."""
        inputs = self.found.inputs
        able = len(inputs) == 1 and inputs[0].dtype == "uint8" and len(inputs[0].shape) in AXES
        return able and PICTURE in self.found.metadata

    @property
    def reads_bgr(self) -> bool:
        """Whether it says that it takes blue first: bytes come with red first."""
        return False

    @property
    def known_runtimes(self) -> Collection[str]:
        """The runtimes that there are."""
        return (*RUNTIMES, *GPU_RUNTIMES, OPENVINO, BROWSER, *BROWSER_RUNTIMES)

    @property
    def default_runtimes(self) -> tuple[str, ...]:
        """What runs it where the user does not say."""
        return ("litert",)

    @property
    def baseline(self) -> str | None:
        """The runtime that others are compared with where there is no graph."""
        return BASELINE

    @property
    def inputs(self) -> Shapes:
        """Its inputs in ONNX order, as far as the file alone tells."""
        ports = on_their_own(self.found.inputs)
        return {port.name: permuted(port.shape, inverse(port.perm)) for port in ports}

    def tolerance(self, scheme: str | None) -> str:
        """Return the tolerance of a scheme of a manifest, or of what the file holds."""
        scheme = scheme or self.found.quantization.scheme
        return _KINDS.get(scheme, scheme)

    def alone(self) -> RelatedTFLite:
        """Return the file without a graph."""
        found = self.found
        io = FileIO(on_their_own(found.inputs), on_their_own(found.outputs))
        return RelatedTFLite(self.data, self._with_pictures(io), found.said.problems)

    def beside(self, reference: Reference, recorded: Artifact | None) -> RelatedTFLite:
        """Return the file related to a graph.

        Raises:
            InputError: The inputs or outputs do not fit together.
        """
        recorded_inputs = recorded.inputs if recorded is not None else ()
        recorded_outputs = recorded.outputs if recorded is not None else ()
        io = FileIO(
            match("input", self.found.inputs, reference.inputs, recorded_inputs, reference.nhwc),
            match("output", self.found.outputs, reference.outputs, recorded_outputs),
        )
        return RelatedTFLite(self.data, self._with_pictures(io), self.found.said.problems)

    def _with_pictures(self, io: FileIO) -> FileIO:
        """Return the ports with the axis of the colours, where the file takes bytes of pictures."""
        if not self.takes_pictures:
            return io
        [port] = io.inputs
        last = self.found.metadata[PICTURE].endswith("C")
        return replace(io, inputs=(replace(port, channels=len(port.shape) - 1 if last else 1),))


def open_tflite(path: Path) -> TFLiteFile:
    """Read a .tflite file.

    Raises:
        InputError: It is none, or cannot be read.
    """
    data = read_bytes(path)
    return TFLiteFile(data, inspect(data))
