"""From the rewritten graph to .aimodel folders, and what Apple's runtime makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from _edgeship.artifacts import OutputFolder
from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job, Judge
from _edgeship.export.coreai.building.ports import ProgramIO
from _edgeship.export.coreai.format.asset import Asset, asset_of
from _edgeship.export.coreai.lowering import Lowered, lower
from _edgeship.export.coreai.record import artifact_record
from _edgeship.export.coreai.runtime.session import run_all
from _edgeship.export.coreai.summary import Summary, summarize
from _edgeship.export.coreml.format.package import size
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class _File:
    """An .aimodel that was made; see `export.contract.target.Written`."""

    prepared: _Prepared
    scheme: Scheme
    lowered: Lowered
    asset: Asset

    warning = ""
    rounded = None

    @property
    def detail(self) -> str:
        """The types of weights and of the arithmetic, and the size."""
        return f"{self.scheme.in_words}, {size(self.asset) / 1e6:.1f} MB"

    def run(self) -> Outputs:
        return self._outputs

    @cached_property
    def _outputs(self) -> Outputs:
        return run_program(self.asset, self.lowered.io, self.prepared.job.checked)

    def divergence(self, min_sqnr_db: float | None) -> str:
        return ""

    def check(self, again: Judge) -> None:
        pass

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        return artifact_record(
            self.asset, self._found, self.lowered.io, name, self.scheme, parity, rounded_db
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
        detail: What was made.
    """

    job: Job
    lowered: Lowered
    detail: str

    notes: Sequence[str] = ("The .aimodel folders were run by Apple's own runtime for Core AI.",)
    parity: Parity | None = None

    @property
    def reference(self) -> Outputs:
        return self.job.reference

    def operators(self) -> Mapping[str, str]:
        return self.lowered.operators

    def calibrate(self) -> Observed:
        return observe_graph(serialize(self.job.graph), self.job.samples)

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> None:
        """Return nothing: the runtime takes seconds for each way to choose ranges."""

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> _File:
        """Make the folder of a scheme.

        Raises:
            UnsupportedError: An operator cannot be lowered.
        """
        return _File(self, scheme, self.lowered, asset_of(self.lowered.program))


def prepare(job: Job) -> _Prepared:
    """Lower the graph of a job.

    Raises:
        InputError: coreai-core is not installed.
        UnsupportedError: An operator cannot be lowered.
    """
    lowered = lower(job.graph)
    return _Prepared(job, lowered, f"Core AI program of {len(lowered.operators)} values")


def run_program(asset: Asset, io: ProgramIO, samples: Sequence[Sample]) -> Outputs:
    """Return what Core AI's runtime computes from samples, in the order of the graph's outputs.

    Args:
        asset: The folder.
        io: How its inputs and outputs relate to those of the graph.
        samples: What the graph takes.

    Raises:
        VerificationError: The runtime refuses the program, crashes or hangs.
    """
    feeds = [
        {
            port.name: np.asarray(sample[port.onnx_name]).astype(port.dtype).reshape(port.shape)
            for port in io.inputs
        }
        for sample in samples
    ]
    found = run_all(asset, feeds)
    return [[one[port.name].reshape(port.shape) for port in io.outputs] for one in found]
