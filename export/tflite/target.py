"""The TFLite target: one float file, and one file per quantization scheme made from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import VerificationError
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import SCHEMES
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.islands import float_islands
from _edgeship.export.tflite.lowering import IoLayout, Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.record import artifact_record
from _edgeship.export.tflite.rounded_weights import round_weights
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.divergence import first_divergence
from _edgeship.export.verification.metrics import Parity, compare
from _edgeship.export.verification.tolerance import needed_sqnr_db, warn

if TYPE_CHECKING:
    import onnx_ir as ir

Samples = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class _Job:
    """What all files of one export share.

    Attributes:
        graph: The ONNX graph that was lowered.
        lowered: The TFLite graph.
        samples: Calibration samples.
        reference: What the network computes from the first of them.
        rounded_db: SQNR in dB of the float file with its weights rounded to 8 bits, if measured.
    """

    graph: ir.Model
    lowered: Lowered
    samples: Samples
    reference: Outputs
    rounded_db: float | None = None


def export_tflite(
    name: str,
    graph: ir.Model,
    samples: Samples,
    reference: Outputs,
    schemes: Sequence[str],
    io_layout: IoLayout,
    io_dtype: str,
    folder: OutputFolder,
    log: StageLog,
) -> list[Artifact]:
    """Write and verify one file per scheme.

    Args:
        name: Of the network; the files are called ``NAME_SCHEME.tflite``.
        graph: The rewritten ONNX graph.
        samples: Calibration samples; the first ``len(reference)`` of them are verified on.
        reference: What the network computes from those.
        schemes: Keys of ``SCHEMES``.
        io_layout: Axis order of the files' image inputs and outputs.
        io_dtype: Type of the inputs and outputs of the schemes that can have it.
        folder: Where the files go.
        log: Where the stages are told.

    Raises:
        UnsupportedError: If an operator cannot be lowered.
        VerificationError: If a file computes something else; it names the first tensor that does.
    """
    for scheme in schemes:
        folder.reserve(_file_name(name, scheme))
    graph = _fold_frames(graph, samples, reference, log)
    with log.stage("lower"):
        lowered = lower(graph, io_layout)
        data = to_bytes(to_model(lowered.graph, lowered.io, f"{name}, written by edgeship"))
        log.done(f"float32 TFLite, {len(lowered.graph.ops)} operators")
    job = _Job(graph, lowered, samples, reference)
    with log.stage("verify float"):
        float_parity = _verify(job, data, "float")
        log.done("LiteRT, float32", float_parity)
    if any(scheme != "none" for scheme in schemes):
        job = replace(job, rounded_db=_rounded_db(job, data, log))
    ranges = _ranges(job, data, schemes, log)
    records = []
    for scheme in schemes:
        file, parity = data, float_parity
        dtype = io_dtype if io_dtype in SCHEMES[scheme].io_dtypes else "float32"
        if scheme != "none":
            with log.stage(f"quantize {scheme}"):
                file = quantize(data, scheme, ranges, dtype)
                parity = _verify(job, file, scheme)
                kinds = f"{SCHEMES[scheme].weights} weights, {SCHEMES[scheme].activations} inside"
                log.done(kinds, parity, _warning(file, scheme, parity))
        folder.write(_file_name(name, scheme), file)
        record = artifact_record(file, _file_name(name, scheme), scheme, lowered.io, parity)
        records.append(record.model_copy(update={"rounded_weights_sqnr_db": job.rounded_db}))
    return records


def _fold_frames(graph: ir.Model, samples: Samples, reference: Outputs, log: StageLog) -> ir.Model:
    """Return the graph of a network on clips as one on images, and others as they are."""
    folded, changes = fold_frames(graph)
    if not changes:
        return graph
    with log.stage("fold frames"):
        outputs = run_onnx(serialize(folded), samples[: len(reference)])
        parity = demand(reference, outputs, "float", "fold frames")
        log.done(f"frames go through 2-D operators, {changes} nodes", parity)
    return folded


def _file_name(name: str, scheme: str) -> str:
    return f"{name}_{SCHEMES[scheme].suffix}.tflite"


def _rounded_db(job: _Job, data: bytes, log: StageLog) -> float | None:
    """Return the SQNR that rounding the weights alone leaves, None where it changes nothing."""
    with log.stage("round weights"):
        samples = job.samples[: len(job.reference)]
        parity = compare(job.reference, run_tflite(round_weights(data), samples, job.lowered.io))
        log.done("float32 with 8-bit weights: the yardstick for quantized files", parity)
    return parity.sqnr_db if math.isfinite(parity.sqnr_db) else None


def _warning(file: bytes, scheme: str, parity: Parity) -> str:
    remarks = [warn(parity, scheme) or ""]
    if SCHEMES[scheme].calibrated and (islands := float_islands(from_bytes(file))):
        remarks.append(f"still computed in float: {', '.join(islands)}")
    return "; ".join(remark for remark in remarks if remark)


def _ranges(job: _Job, data: bytes, schemes: Sequence[str], log: StageLog) -> Ranges | None:
    if not any(SCHEMES[scheme].calibrated for scheme in schemes):
        return None
    with log.stage("calibrate"):
        ranges = activation_ranges(data, job.samples, job.lowered.io)
        log.done(f"ranges of {len(ranges)} tensors on {len(job.samples)} samples")
    return ranges


def _verify(job: _Job, data: bytes, kind: str) -> Parity:
    """Run the file; if it is out of tolerance, name the first tensor that is."""
    outputs = run_tflite(data, job.samples[: len(job.reference)], job.lowered.io)
    try:
        return demand(job.reference, outputs, kind, f"TFLite, {kind}", job.rounded_db)
    except VerificationError as error:
        found = first_divergence(
            serialize(job.graph),
            data,
            job.lowered.trace,
            job.samples[0],
            job.lowered.io,
            min_sqnr_db=needed_sqnr_db(kind, job.rounded_db),
        )
        if found is not None:
            error.why += (
                f" The first tensor out of tolerance is {found.tflite_name} ({found.op}, operator "
                f"{found.index}; {found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
            )
        raise
