"""From the rewritten graph to packages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx_ir as ir

from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job
from _edgeship.export.coreml import picking
from _edgeship.export.coreml.activations import (
    kept_results,
    plan_rounding,
    quantize_activations,
)
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.feature_words import feature_words
from _edgeship.export.coreml.format.package import Package, package_of, package_of_spec
from _edgeship.export.coreml.integer_graph import IntegerGraph
from _edgeship.export.coreml.judging import (
    evaluate,
    package_feeds,
)
from _edgeship.export.coreml.lowering import Lowered, lower
from _edgeship.export.coreml.made_package import MadePackage, judges
from _edgeship.export.coreml.package_settings import PackageSettings, settings_of
from _edgeship.export.coreml.ports import Adapted, adapt
from _edgeship.export.coreml.weight_check import check_weights
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class _Base:
    """A model whose weights are not compressed, as read back, and what it was made from.

    Attributes:
        adapted: The graph that values of the program are compared with.
        lowered: The program.
        model: A ``coremltools.models.MLModel``.
        evaluator: Of the model.
        kept: Results of operators that compute in float with the weights that they have.
    """

    adapted: Adapted
    lowered: Lowered
    model: Any
    evaluator: Evaluator
    kept: Collection[str]


@dataclass(frozen=True)
class _Prepared:
    """A network as an ML program; see `export.contract.target.Prepared`.

    Attributes:
        job: What is exported.
        settings: How the packages are to be written.
        adapted: The graph with the packages' inputs and outputs.
        integers: The one whose activations are quantized.
        reference: What the packages are compared with.
        detail: What was made.
        parity: How the outputs change where the package normalises pictures, if it does.
        unused: Programs that were lowered and not yet converted, which happens in place.
        bases: What several schemes are made from, by what they compute in, and what in float.
        picking: How the boxes of a detector are picked in further packages, if they are.
    """

    job: Job
    settings: PackageSettings
    adapted: Adapted
    integers: IntegerGraph
    reference: Outputs
    detail: str
    parity: Parity | None
    unused: list[Lowered]
    bases: dict[tuple[str, frozenset[str]], _Base] = field(default_factory=dict)
    picking: picking.Picking | None = None

    @property
    def notes(self) -> Sequence[str]:
        notes = [] if self.picking is None else [self.picking.note]
        if self.job.request.labels and not self.settings.ports.labels:
            notes.append(
                "The packages are no classifiers, which have one set of classes for one picture: "
                "they give scores, as the other files do."
            )
        return (f"The packages were {judges(self.adapted)}.", *notes)

    def operators(self) -> Mapping[str, str]:
        """Return nothing: coremltools' own passes decide what the program has."""
        return {}

    def calibrate(self) -> Observed:
        return observe_graph(serialize(self.integers.adapted.graph), self.integers.calibration)

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> Outputs:
        """Return what a package would compute, by ONNX Runtime; a finished one by the evaluator."""
        job = self.job
        fed = adapt(job.graph, samples, self.settings.ports, job.nhwc).samples
        if finished:
            package = self.write(scheme, ranges, keep)
            return evaluate(package.evaluator, package.lowered, self.adapted, fed)
        if scheme.calibrated:
            return self.integers.run_rounded(ranges, fed, keep)
        return self.integers.run(fed)

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> MadePackage:
        """Make the package of a scheme.

        Raises:
            UnsupportedError: coremltools refuses the program.
            VerificationError: A weight is further from its float16 than the scheme allows.
        """
        base = self._base(scheme, ranges, frozenset(keep))
        model = compress(base.model, scheme, base.kept)
        described = model.get_spec().description
        words = feature_words(self.job, base.lowered.io, self.adapted, described)
        self.settings.description.write(model, words)
        package = package_of(model)
        evaluator = Evaluator(read_program(package))
        feeds = package_feeds(base.lowered, self.adapted.samples[0])
        check_weights(base.evaluator, evaluator, feeds, scheme, base.kept)
        picks: Package | None = None
        if self.picking is not None:
            picks = package_of_spec(self.picking.pipeline(model.get_spec()), model.weights_dir)
        return MadePackage(
            self.job,
            self.settings,
            self.adapted,
            self.reference,
            scheme,
            base.adapted,
            base.lowered,
            package,
            evaluator,
            keep,
            self.picking,
            picks,
        )

    def _base(self, scheme: Scheme, ranges: Ranges, keep: frozenset[str]) -> _Base:
        """Return the model that a scheme's weights are compressed in."""
        name = scheme.activations, keep
        if name not in self.bases:
            adapted = self.integers.adapted if scheme.calibrated else self.adapted
            graph = self.integers.corrected(ranges, keep) if scheme.calibrated else adapted.graph
            lowered = self._program(graph)
            kept = kept_results(lowered.program, lowered.trace, keep)
            if scheme.calibrated:
                given = self.integers.given
                plan = plan_rounding(lowered.program, ranges, lowered.trace, given, keep)
                quantize_activations(lowered.program, plan)
            model = self._convert(
                lowered, "float32" if scheme.activations == "float32" else "float16"
            )
            evaluator = Evaluator(read_program(package_of(model)))
            self.bases[name] = _Base(adapted, lowered, model, evaluator, kept)
        return self.bases[name]

    def _program(self, graph: ir.Model) -> Lowered:
        """Return a program of its own for each conversion, since coremltools works in place."""
        if graph is self.adapted.graph and self.unused:
            return self.unused.pop()
        return lower(graph, self.settings.ios, self.settings.batches)

    def _convert(self, lowered: Lowered, precision: Any) -> Any:
        names = {port.onnx_name: port.name for port in (*lowered.io.inputs, *lowered.io.outputs)}
        return convert(
            lowered,
            self.settings.ios,
            precision,
            images={names[name]: color for name, color in self.adapted.images.items()},
            labels=self.settings.ports.labels,
            probabilities=names.get(self.adapted.probabilities, ""),
        )


def prepare(job: Job) -> _Prepared:
    """Lower the graph of a job.

    Raises:
        InputError: The network does not have the inputs and outputs asked for.
        UnsupportedError: An operator cannot be lowered.
    """
    settings = settings_of(job)
    adapted = adapt(job.graph, [*job.checked, *job.samples], settings.ports, job.nhwc)
    lowered = lower(adapted.graph, settings.ios, settings.batches)
    operators = lowered.program.functions["main"].operations
    count = sum(operator.op_type != "const" for operator in operators)
    detail = f"ML program for iOS {settings.ios}, {count} operators"
    if settings.batches:
        detail += f", for batches of {' or '.join(map(str, settings.batches))}"
    reference, parity = job.reference, None
    if settings.ports.pixels is not None:
        # Packages normalise pictures with other roundings than was done for the samples. A deep
        # network would magnify these, and a fault of the package could hide behind them.
        reference = run_onnx(serialize(job.graph), adapted.normalized[: len(job.reference)])
        parity = compare(job.reference, reference)
        detail += "; it normalises pictures itself, and is judged by the network on the same"
    ends = [port.name for port in lowered.io.outputs]
    boxes = picking.picking_of(job, settings.ios, ends)
    given = {} if job.given is None else job.given.ranges(8)
    # Those that packages are verified on come first.
    calibration = adapted.samples[len(job.checked) :]
    integers = IntegerGraph(adapted, calibration, given, settings.ios, settings.batches, job.parts)
    # Scales of a file that was quantized before belong to its own values.
    if any(scheme.calibrated for scheme in job.schemes) and not job.given:
        integers = integers.equal()
    return _Prepared(
        job, settings, adapted, integers, reference, detail, parity, [lowered], picking=boxes
    )
