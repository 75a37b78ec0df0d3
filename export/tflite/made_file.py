"""A .tflite file that was made: run, judged, recorded and saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import onnx_ir as ir

from _edgeship.artifacts import OutputFolder
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import Scheme, still_float
from _edgeship.export.contract.target import Job, Judge
from _edgeship.export.delegates.accelerator import has_accelerator
from _edgeship.export.delegates.onnx_nodes import node_names
from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.delegates.report import Run as DelegateRun
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.tflite import picking
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.byte_job import ByteInput
from _edgeship.export.tflite.delegation import of_gpu, of_xnnpack
from _edgeship.export.tflite.divergence import first_divergence
from _edgeship.export.tflite.given_scales import FileScales
from _edgeship.export.tflite.gpu_by_rules import gpu_by_rules
from _edgeship.export.tflite.gpu_run import run_on_gpu
from _edgeship.export.tflite.islands import float_islands
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.tflite.recipe import WEIGHT_BITS
from _edgeship.export.tflite.record import artifact_record
from _edgeship.export.tflite.required import demand_right, demand_whole
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.rounded_weights import rounded_parity, to_4_bits


@dataclass(frozen=True)
class Origin:
    """What a file was made from.

    Attributes:
        job: What is exported.
        fed: What the file is verified on, as it takes it.
        graph: The ONNX graph that was lowered.
        io: How its inputs and outputs relate to the graph's.
        trace: Which of its tensors hold which values of the graph, in what order of axes.
        picking: How the boxes of a detector are picked in a further file, if they are.
        byte_input: How it takes the bytes of pictures, if it does.
    """

    job: Job
    fed: Sequence[Sample]
    graph: ir.Model
    io: FileIO
    trace: Mapping[str, tuple[str, Perm]]
    picking: picking.Picking | None = None
    byte_input: ByteInput | None = None


@dataclass(frozen=True)
class MadeFile:
    """A .tflite file that was made; see `export.contract.target.Written`.

    Attributes:
        origin: What it was made from.
        scheme: How.
        data: The file.
        scales: Those that the network had, if it was quantized before.
        said_bytes: How many of its bytes say what it is.
        picked: The further file that picks the boxes of a detector, if there is one.
    """

    origin: Origin
    scheme: Scheme
    data: bytes
    said_bytes: int
    scales: FileScales | None = None
    picked: bytes | None = None

    @property
    def rounded(self) -> Parity | None:
        """Return what 4 bits alone leave of the outputs, where weights are stored so."""
        if WEIGHT_BITS.get(self.scheme.name) != 4:
            return None
        job = self.origin.job
        return rounded_parity(job.graph, job.checked, job.reference, to_4_bits, job.parts)

    @property
    def detail(self) -> str:
        """Say what the file is."""
        return self.scheme.in_words + ("" if self.scales is None else f", {self.scales.in_words}")

    @property
    def warning(self) -> str:
        """Say what stays in float, and where the GPU accelerator fails."""
        islands = float_islands(read_model(self.data)) if self.scheme.calibrated else ()
        return "; ".join(filter(None, (still_float(islands), self._on_gpu[1])))

    def run(self) -> Outputs:
        """Return what the file computes from the samples that it is verified on."""
        return [self._session.run(sample) for sample in self.origin.fed]

    def divergence(self, min_sqnr_db: float | None) -> str:
        """Name the first tensor out of tolerance."""
        found = first_divergence(
            serialize(self.origin.graph),
            self.data,
            self.origin.trace,
            self.origin.job.checked[0],
            self.origin.io,
            min_sqnr_db=min_sqnr_db,
            fed=self.origin.fed[0],
        )
        if found is None:
            return ""
        return (
            f"The first tensor out of tolerance is {found.tflite_name} ({found.op}, operator "
            f"{found.index}; {found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
        )

    def check(self, again: Judge) -> None:
        """Check what picks the boxes of a detector, and the delegates that the user requires."""
        job = self.origin.job
        if self.origin.picking is not None and self.picked is not None:
            plain, io = self.data, self.origin.io
            self.origin.picking.check(plain, self.picked, self.origin.fed, io)
        if "xnnpack" in job.request.require_delegate:
            demand_whole(of_xnnpack(self._session, self.data))
        if "gpu" in job.request.require_delegate:
            demand_right(self._gpu_run, again)

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        """Return the manifest's entry, with what delegates take of the file."""
        record = artifact_record(self.data, name, self.scheme, self.origin.io, parity, rounded_db)
        nodes = node_names(self.origin.graph)
        reports = of_xnnpack(self._session, self.data), self._on_gpu[0]
        delegates = [one.with_nodes(nodes) for one in reports]
        update: dict[str, Any] = {"delegates": delegates, "said_bytes": self.said_bytes}
        if self.origin.picking is not None and self.picked is not None:
            update["picking"] = self.origin.picking.record(name, self.picked)
        if self.origin.byte_input is not None:
            update["preprocess"] = self.origin.byte_input.preparation
        return record.model_copy(update=update)

    def save(self, name: str, folder: OutputFolder) -> None:
        """Write the file, and the one that picks boxes."""
        folder.write(name, self.data)
        if self.picked is not None:
            folder.write(picking.file_name(name), self.picked)

    @cached_property
    def _session(self) -> TFLiteSession:
        return TFLiteSession(self.data, self.origin.io)

    @cached_property
    def _gpu_run(self) -> DelegateRun:
        """What the GPU accelerator makes of the file, where it is required to take it."""
        return run_on_gpu(self.data, self.origin.fed, self.origin.io)

    @cached_property
    def _on_gpu(self) -> tuple[DelegateReport, str]:
        """What the GPU accelerator takes of the file, and what is wrong if it fails on it."""
        request = self.origin.job.request
        if "gpu" in request.require_delegate and self._gpu_run.delegate is not None:
            return self._gpu_run.delegate, ""
        if request.made_for == "gpu" and has_accelerator():
            return of_gpu(self.data, self.origin.io)
        return gpu_by_rules(self.data), ""
