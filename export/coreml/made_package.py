"""A package that was made: what it computes, what is checked of it, what the manifest says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from _edgeship.artifacts import OutputFolder
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job, Judge
from _edgeship.export.coreml.compression import PALETTE_BITS
from _edgeship.export.coreml.evaluator import Evaluator
from _edgeship.export.coreml.format.package import Package, size
from _edgeship.export.coreml.inspection import Inspection, inspect_program
from _edgeship.export.coreml.judging import (
    check_batches,
    check_classifier,
    evaluate,
    first_divergence,
)
from _edgeship.export.coreml.lowering import Lowered
from _edgeship.export.coreml.package_settings import PackageSettings
from _edgeship.export.coreml.picking import Picking, file_name
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.coreml.prediction import can_predict, check_prediction, predictable
from _edgeship.export.coreml.record import artifact_record, computes_in
from _edgeship.export.coreml.rounded_graph import rounded_weights_parity
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.parity import Parity

_BOTH = "judged by edgeship's evaluator and by Core ML itself"
_ELSEWHERE = "judged by edgeship's evaluator; not run by Core ML, which needs macOS"
_NO_PICTURES = "judged by edgeship's evaluator; not run by Core ML: the samples are no pictures"


@dataclass(frozen=True)
class MadePackage:
    """A package that was made; see `export.contract.target.Written`.

    Attributes:
        job: What is exported.
        settings: How it was written.
        network: The graph with the packages' inputs and outputs.
        reference: What its outputs are compared with.
        scheme: How it was made.
        adapted: The graph that values of the program are compared with.
        lowered: The program.
        package: Its files.
        evaluator: Of these.
        keep: Values that are computed in float.
        picking: How the boxes of a detector are picked in a further package, if they are.
        picks: The files of that.
    """

    job: Job
    settings: PackageSettings
    network: Adapted
    reference: Outputs
    scheme: Scheme
    adapted: Adapted
    lowered: Lowered
    package: Package
    evaluator: Evaluator
    keep: Collection[str] = ()
    picking: Picking | None = None
    picks: Package | None = None

    warning = ""

    @property
    def detail(self) -> str:
        """The size and the type of the arithmetic, separately: one does not follow the other."""
        megabytes = size(self.package) / 1e6
        kinds = f"{self._found.weight_kind} weights, computes in {computes_in(self._found)}"
        return f"{kinds}, {megabytes:.1f} MB"

    @property
    def rounded(self) -> Parity | None:
        """What palettes are measured by: the graph with the palettes that formulas give."""
        if self.scheme.name not in PALETTE_BITS:
            return None
        job = self.job
        samples = self.network.normalized[: len(job.reference)]
        reference, scheme = self.reference, self.scheme.name
        return rounded_weights_parity(job.graph, samples, reference, scheme, job.parts, self.keep)

    def run(self) -> Outputs:
        """Return what the evaluator computes from the samples that are verified on."""
        adapted = self.network
        samples = adapted.samples[: len(self.reference)]
        return evaluate(self.evaluator, self.lowered, adapted, samples)

    def divergence(self, min_sqnr_db: float | None) -> str:
        """Return a sentence that names the first variable out of tolerance; "" if none is.

        Args:
            min_sqnr_db: The SQNR in dB that a value must reach; None for the tolerance of float.
        """
        found = first_divergence(self.evaluator, self.lowered, self.adapted, min_sqnr_db)
        if found is None:
            return ""
        sentence = (
            f"The first variable out of tolerance is {found.name} ({found.kind}; "
            f"{found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
        )
        if found.passed_over:
            sentence += (
                f" {found.passed_over} sums before it could not be compared: coremltools "
                "changes their scale."
            )
        return sentence

    def check(self, again: Judge) -> None:
        """Check the classes that a classifier names, and on a Mac what Core ML itself computes."""
        adapted, labels = self.network, self.settings.ports.labels
        if self.picking is not None:
            self.picking.check(self.run())
        sizes = self.settings.batches
        checked = self.adapted.samples[: len(self.reference)]
        check_batches(self.evaluator, self.lowered, checked, sizes, again)
        if labels:
            check_classifier(self.evaluator, self.lowered, adapted, labels)
        if judges(adapted) == _BOTH:
            check_prediction(
                self.package,
                self.evaluator.program,
                self.lowered,
                adapted,
                self.reference,
                self.scheme.tolerance,
            )

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        """Return the manifest's entry for the package.

        Args:
            name: Of its folder.
            parity: How its outputs compare with the network's.
            rounded_db: The yardstick that it was judged by, in dB, if there was one.
        """
        ios = self.settings.ios
        record = artifact_record(
            self.package, self._found, name, self.scheme.name, ios, parity, rounded_db
        )
        if self.settings.batches:
            record = self._with_batches(record)
        if self.picking is None or self.picks is None:
            return record
        return record.model_copy(update={"picking": self.picking.record(name, self.picks)})

    def _with_batches(self, record: Artifact) -> Artifact:
        """Return an entry with the sizes of batches, and with outputs' shapes in a batch of 1.

        The package itself says no shape of an output that follows from the input's.
        """
        shapes = {port.name: list(port.shape) for port in self.lowered.io.outputs}
        outputs = [one.model_copy(update={"shape": shapes[one.name]}) for one in record.outputs]
        sizes = list(self.settings.batches)
        return record.model_copy(update={"batches": sizes, "outputs": outputs})

    @cached_property
    def _found(self) -> Inspection:
        sizes = {path: len(data) for path, data in self.package.items()}
        return inspect_program(self.evaluator.program, sizes)

    def save(self, name: str, folder: OutputFolder) -> None:
        """Write it into an output folder, with the one that picks boxes."""
        folder.write_folder(name, self.package)
        if self.picks is not None:
            folder.write_folder(file_name(name), self.picks)


def judges(adapted: Adapted) -> str:
    """Say who judges the packages: Core ML can, on macOS and on samples that it takes."""
    if not can_predict():
        return _ELSEWHERE
    return _BOTH if predictable(adapted) else _NO_PICTURES
