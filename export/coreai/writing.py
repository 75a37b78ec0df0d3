"""From the rewritten graph to .aimodel folders, and what Apple's runtime makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.artifacts import OutputFolder
from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job, Judge
from _edgeship.export.coreai.building.storage import Storage, as_int8, as_it_is, as_palette
from _edgeship.export.coreai.divergence import first_divergence
from _edgeship.export.coreai.execution import run_program
from _edgeship.export.coreai.format.asset import Asset, asset_of
from _edgeship.export.coreai.lowering import Lowered, lower
from _edgeship.export.coreai.record import artifact_record
from _edgeship.export.coreai.said import said_of
from _edgeship.export.coreai.schemes import PALETTE_BITS
from _edgeship.export.coreai.stored import computed_types, stored_weights
from _edgeship.export.coreai.summary import Summary, summarize
from _edgeship.export.coreai.weight_check import check_weights, dequantized
from _edgeship.export.coreml.format.package import size
from _edgeship.export.coreml.rounded_graph import rounded_weights_parity
from _edgeship.export.equalization.choice import equalized_if_better
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.onnx.bias_correction import quantize_corrected
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class _File:
    """An .aimodel that was made; see `export.contract.target.Written`.

    Attributes:
        prepared: What it was made from.
        scheme: How.
        graph: The ONNX graph that was lowered: of integers, where the scheme has them.
        exact: The same in float32.
        lowered: The program.
        asset: The folder.
    """

    prepared: _Prepared
    scheme: Scheme
    graph: ir.Model
    exact: ir.Model
    lowered: Lowered
    asset: Asset

    warning = ""

    @property
    def detail(self) -> str:
        """How weights are stored and the types of the arithmetic, apart, and the size."""
        megabytes = size(self.asset) / 1e6
        return f"{self._stored} weights, computes in {self._computes}, {megabytes:.1f} MB"

    @property
    def _stored(self) -> str:
        """How most of the weights are stored."""
        kinds = stored_weights(self._found)
        return max(kinds, key=lambda one: one.values).kind if kinds else "no"

    @property
    def _computes(self) -> str:
        kinds = " and ".join(computed_types(self._found)) or "integers"
        return f"uint8 and {kinds}" if self.scheme.calibrated else kinds

    @property
    def rounded(self) -> Parity | None:
        """What palettes are measured by: the graph with the palettes that formulas give."""
        if self.scheme.name not in PALETTE_BITS:
            return None
        job = self.prepared.job
        return rounded_weights_parity(
            job.graph, job.checked, job.reference, self.scheme.name, job.parts
        )

    def run(self) -> Outputs:
        return self._outputs

    @cached_property
    def _outputs(self) -> Outputs:
        return run_program(self.asset, self.lowered.io, self.prepared.job.checked)

    def divergence(self, min_sqnr_db: float | None) -> str:
        relower = partial(_lowered, self.graph, self.scheme)
        sample = self.prepared.job.checked[0]
        found = first_divergence(self.graph, relower, sample, min_sqnr_db, self.exact)
        if found is None:
            return ""
        return (
            f"The first value out of tolerance is {found.name} ({found.op} in the ONNX graph): "
            f"SQNR {found.sqnr_db:.1f} dB."
        )

    def check(self, again: Judge) -> None:
        """Check the weights one by one, as they are read back from the file.

        Raises:
            VerificationError: A weight is another.
        """
        check_weights(self.exact, self._found, dequantized(self.graph))

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        return artifact_record(
            self.asset,
            self._found,
            self.lowered.io,
            name,
            self.scheme.name,
            (self._stored, self._computes),
            parity,
            rounded_db,
        )

    @cached_property
    def _found(self) -> Summary:
        return summarize(self.asset)

    def save(self, name: str, folder: OutputFolder) -> None:
        folder.write_folder(name, self.asset)


@dataclass(frozen=True)
class _Prepared:
    """A network as a Core AI program; see `export.contract.target.Prepared`.

    Attributes:
        job: What is exported.
        lowered: The program in float32.
        equal: The graph whose activations are quantized.
        said: What the folders' metadata says.
        detail: What was made.
    """

    job: Job
    lowered: Lowered
    equal: ir.Model
    said: Mapping[str, Any]
    detail: str

    notes: Sequence[str] = ("The .aimodel folders were run by Apple's own runtime for Core AI.",)
    parity: Parity | None = None

    @property
    def reference(self) -> Outputs:
        return self.job.reference

    def operators(self) -> Mapping[str, str]:
        return self.lowered.operators

    def calibrate(self) -> Observed:
        return observe_graph(serialize(deployable(self.equal)), self.job.samples)

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> Outputs:
        """Return what ONNX Runtime makes of the graph, or of a program's integers.

        Core AI's runtime takes seconds for each sample, and lies within half precision of it. A
        finished program is run by it all the same.
        """
        if not scheme.calibrated:
            return run_onnx(serialize(self.job.graph), samples)
        if finished:
            made = self.write(scheme, ranges, keep)
            return run_program(made.asset, made.lowered.io, samples)
        exact = deployable(self.equal)
        return run_onnx(to_bytes(quantize(exact, ranges, self.job.given, keep)), samples)

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> _File:
        """Make the folder of a scheme.

        Raises:
            UnsupportedError: An operator cannot be lowered.
        """
        graph = exact = self.job.graph
        if scheme.calibrated:
            made, exact = quantize_corrected(deployable(self.equal), self.job, ranges, keep)
            graph = ir.from_proto(made)
            graph.graph.sort()
            graph = infer_shapes(graph)
        lowered = self.lowered if scheme.name == "none" else _lowered(graph, scheme)
        asset = asset_of(lowered.program, self.said)
        return _File(self, scheme, graph, exact, lowered, asset)


def _lowered(graph: ir.Model, scheme: Scheme, also: Collection[str] = ()) -> Lowered:
    real = np.float32 if scheme.name == "none" else np.float16
    return lower(graph, real, _storage(scheme), also)


def _storage(scheme: Scheme) -> Storage:
    """Return how a scheme stores weights; those of integer graphs are integers already."""
    if scheme.name in PALETTE_BITS:
        return as_palette(PALETTE_BITS[scheme.name])
    return as_int8 if scheme.name == "int8-weights" else as_it_is


def prepare(job: Job) -> _Prepared:
    """Lower the graph of a job.

    Raises:
        InputError: coreai-core is not installed.
        UnsupportedError: An operator cannot be lowered.
    """
    lowered = lower(job.graph)
    equal = None
    # Scales of a file that was quantized before belong to its own values.
    if any(scheme.calibrated for scheme in job.schemes) and not job.given:
        equal = equalized_if_better(job.graph, job.samples)
    said = said_of(job, lowered.io)
    detail = f"Core AI program of {len(lowered.operators)} values"
    return _Prepared(job, lowered, equal or job.graph, said, detail)
