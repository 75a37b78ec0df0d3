"""The Core ML target: one package per quantization scheme, each judged by the evaluator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import VerificationError
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import SCHEMES
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.coreml.activations import quantize_activations
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.library import frozen_heap, unchecked_passes
from _edgeship.export.coreml.format.package import SUFFIX, Package, package_of
from _edgeship.export.coreml.judging import check_classifier, evaluate, first_divergence
from _edgeship.export.coreml.lowering import Lowered, lower
from _edgeship.export.coreml.ports import Adapted, Sample, adapt
from _edgeship.export.coreml.prediction import can_predict, check_prediction, predictable
from _edgeship.export.coreml.record import artifact_record
from _edgeship.export.coreml.rounded_graph import rounded_weights_db
from _edgeship.export.coreml.settings import Settings
from _edgeship.export.coreml.weight_check import check_weights
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.graph_ranges import graph_ranges
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.metrics import Parity, compare
from _edgeship.export.verification.tolerance import needed_sqnr_db, tolerance_of, warn

if TYPE_CHECKING:
    import onnx_ir as ir

_BOTH = "judged by edgeship's evaluator and by Core ML itself"
_ELSEWHERE = "judged by edgeship's evaluator; not run by Core ML, which needs macOS"
_NO_PICTURES = "judged by edgeship's evaluator; not run by Core ML: the samples are no pictures"


@dataclass(frozen=True)
class _Job:
    """What all packages of one export share.

    Attributes:
        graph: The rewritten graph.
        adapted: The same with the packages' inputs and outputs.
        reference: What the network computes from the first samples.
        settings: How they are to be written.
        schemes: What is asked for.
        ranges: Ranges of the graph's values; empty if no scheme needs them.
    """

    graph: ir.Model
    adapted: Adapted
    reference: Outputs
    settings: Settings
    schemes: Sequence[str]
    ranges: Ranges


@dataclass(frozen=True)
class _Base:
    """A model whose weights are not compressed, as read back, and what it was made from."""

    lowered: Lowered
    model: Any
    evaluator: Evaluator


@dataclass(frozen=True)
class _Written:
    """A package as written and as read back, and what it was made from."""

    package: Package
    lowered: Lowered
    evaluator: Evaluator


@frozen_heap()
@unchecked_passes()
def export_coreml(
    name: str,
    graph: ir.Model,
    samples: Sequence[Sample],
    reference: Outputs,
    schemes: Sequence[str],
    settings: Settings,
    folder: OutputFolder,
    log: StageLog,
) -> list[Artifact]:
    """Write and verify one package per scheme.

    Args:
        name: Of the network; the packages are called ``NAME_SCHEME.mlpackage``.
        graph: The rewritten ONNX graph.
        samples: Calibration samples; the first ``len(reference)`` of them are verified on.
        reference: What the network computes from those.
        schemes: Keys of ``SCHEMES`` that Core ML has.
        settings: How they are to be written.
        folder: Where the packages go.
        log: Where the stages are told.

    Raises:
        InputError: If the network does not have the inputs and outputs asked for.
        UnsupportedError: If an operator cannot be lowered.
        VerificationError: If a package computes something else; it names the first variable that
            does.
    """
    for scheme in schemes:
        folder.reserve(_file_name(name, scheme))
    with log.stage("lower for Core ML"):
        adapted = adapt(graph, samples, settings.ports)
        lowered = lower(adapted.graph, settings.ios)
        operators = lowered.program.functions["main"].operations
        count = sum(operator.op_type != "const" for operator in operators)
        log.done(f"float32 ML program for iOS {settings.ios}, {count} operators")
    if settings.ports.pixels is not None:
        reference = _reference_for_pictures(graph, adapted, reference, log)
    job = _Job(graph, adapted, reference, settings, schemes, _ranges(adapted, schemes, log))
    records = []
    bases: dict[str, _Base] = {}
    for scheme in schemes:
        kind = "verify Core ML" if scheme == "none" else "quantize Core ML"
        with log.stage(f"{kind} {scheme}"):
            written = _write(job, scheme, bases)
            rounded_db = _rounded_db(job, scheme)
            parity = _verify(job, written, scheme, rounded_db)
            record = artifact_record(
                written.package,
                written.evaluator.program,
                _file_name(name, scheme),
                scheme,
                settings.ios,
                parity,
                rounded_db,
            )
            log.done(_detail(record), parity, warn(parity, tolerance_of(scheme)) or "")
        folder.write_folder(record.file, written.package)
        records.append(record)
    log.notes.append(f"The packages were {_judges(adapted)}.")
    return records


def _reference_for_pictures(
    graph: ir.Model, adapted: Adapted, reference: Outputs, log: StageLog
) -> Outputs:
    """Return what the rewritten graph computes from pixels as packages normalise them.

    They do it with other roundings than was done for the samples. A deep network would magnify
    these, and a fault of the package could hide behind them.
    """
    with log.stage("reference for pictures"):
        outputs = run_onnx(serialize(graph), adapted.normalized[: len(reference)])
        detail = "ONNX Runtime on pixels as the packages normalise them, for these to be judged by"
        log.done(detail, compare(reference, outputs))
    return outputs


def _file_name(name: str, scheme: str) -> str:
    return f"{name}_{SCHEMES[scheme].suffix}{SUFFIX}"


def _ranges(adapted: Adapted, schemes: Sequence[str], log: StageLog) -> Ranges:
    if not any(SCHEMES[scheme].calibrated for scheme in schemes):
        return {}
    with log.stage("calibrate for Core ML"):
        ranges = graph_ranges(serialize(adapted.graph), adapted.samples)
        log.done(f"ranges of {len(ranges)} values on {len(adapted.samples)} samples")
    return ranges


def _write(job: _Job, scheme: str, bases: dict[str, _Base]) -> _Written:
    """Return the package of a scheme; ``bases`` keeps what several schemes are made from."""
    activations = _activations(scheme)
    # What is compressed is as far from the network as its few bits make it; whatever else is wrong
    # shows in float16, which is therefore verified even where it is not asked for.
    for needed in (activations,) if activations == "float32" else ("float16", activations):
        if needed not in bases:
            bases[needed] = _base(job, needed)
    base = bases[activations]
    model = compress(base.model, SCHEMES[scheme])
    job.settings.description.write(model)
    package = package_of(model)
    evaluator = Evaluator(read_program(package))
    first = job.adapted.samples[0]
    feeds = {port.name: first[port.onnx_name] for port in base.lowered.io.inputs}
    check_weights(base.evaluator, evaluator, feeds, SCHEMES[scheme])
    return _Written(package, base.lowered, evaluator)


def _activations(scheme: str) -> str:
    """Return what a scheme computes with: float32, float16, or int8 where Core ML can."""
    if SCHEMES[scheme].calibrated:
        return "int8"
    return "float32" if scheme == "none" else "float16"


def _base(job: _Job, activations: str) -> _Base:
    """Lower and convert; the program is lowered anew, since both steps change it in place."""
    adapted, settings = job.adapted, job.settings
    lowered = lower(adapted.graph, settings.ios)
    if activations == "int8":
        quantize_activations(lowered.program, job.ranges, lowered.trace)
    names = {port.onnx_name: port.name for port in (*lowered.io.inputs, *lowered.io.outputs)}
    model = convert(
        lowered,
        settings.ios,
        "float32" if activations == "float32" else "float16",
        images={names[name]: color for name, color in adapted.images.items()},
        labels=settings.ports.labels,
        probabilities=names.get(adapted.probabilities, ""),
    )
    package = package_of(model)
    base = _Base(lowered, model, Evaluator(read_program(package)))
    if activations == "float16" and "fp16" not in job.schemes:
        written = _Written(package, lowered, base.evaluator)
        _verify(job, written, "fp16", _rounded_db(job, "fp16"))
    return base


def _rounded_db(job: _Job, scheme: str) -> float | None:
    """Return the SQNR in dB that rounding the weights alone leaves, None where that is nothing.

    Of ``fp16``, that with 8 bits is the yardstick.
    """
    if scheme == "none":
        return None
    samples = job.adapted.normalized[: len(job.reference)]
    found = rounded_weights_db(job.graph, samples, job.reference, scheme)
    return found if math.isfinite(found) else None


def _verify(job: _Job, written: _Written, scheme: str, rounded_db: float | None) -> Parity:
    """Run the package; if it is out of tolerance, name the first variable that is."""
    kind = tolerance_of(scheme)
    evaluator, lowered, adapted = written.evaluator, written.lowered, job.adapted
    samples = adapted.samples[: len(job.reference)]
    outputs = evaluate(evaluator, lowered, adapted, samples)
    try:
        parity = demand(job.reference, outputs, kind, f"Core ML, {scheme}", rounded_db)
    except VerificationError as error:
        found = first_divergence(evaluator, lowered, adapted, needed_sqnr_db(kind, rounded_db))
        if found is not None:
            error.why += (
                f" The first variable out of tolerance is {found.name} ({found.kind}; "
                f"{found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
            )
            if found.passed_over:
                error.why += (
                    f" {found.passed_over} sums before it could not be compared: coremltools "
                    "changes their scale."
                )
        raise
    if job.settings.ports.labels:
        check_classifier(evaluator, lowered, adapted, job.settings.ports.labels)
    if _judges(adapted) == _BOTH:
        program = evaluator.program
        check_prediction(written.package, program, lowered, adapted, job.reference, kind)
    return parity


def _judges(adapted: Adapted) -> str:
    """Say who judges the packages: Core ML can, on macOS and on samples that it takes."""
    if not can_predict():
        return _ELSEWHERE
    return _BOTH if predictable(adapted) else _NO_PICTURES


def _detail(record: Artifact) -> str:
    """Say the size and the type of the arithmetic separately: one does not follow the other."""
    return f"{record.weights} weights, computes in {record.compute}, {record.size / 1e6:.1f} MB"
