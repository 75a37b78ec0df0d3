"""The TFLite target: one float file, and one file per quantization scheme made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from export.artifacts import OutputFolder
from export.calibration.ranges import Ranges
from export.errors import VerificationError
from export.manifest import Artifact
from export.onnx_graph import serialize
from export.schemes import SCHEMES
from export.stage_log import StageLog
from export.tflite.calibrate import activation_ranges
from export.tflite.lowering import IoLayout, Lowered, lower
from export.tflite.quantization import quantize
from export.tflite.record import artifact_record
from export.tflite.writer import to_bytes, to_model
from export.verification.demand import demand
from export.verification.divergence import first_divergence
from export.verification.metrics import Outputs, Parity
from export.verification.runtimes import run_tflite
from export.verification.tolerance import TOLERANCES

if TYPE_CHECKING:
    import onnx_ir as ir

Samples = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class _Job:
    """What all files of one export share."""

    graph: ir.Model
    lowered: Lowered
    samples: Samples
    reference: Outputs


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
    with log.stage("lower"):
        lowered = lower(graph, io_layout)
        data = to_bytes(to_model(lowered.graph, lowered.io, f"{name}, written by edgeship"))
        log.done(f"float32 TFLite, {len(lowered.graph.ops)} operators")
    job = _Job(graph, lowered, samples, reference)
    with log.stage("verify float"):
        float_parity = _verify(job, data, "float")
        log.done("LiteRT, float32", float_parity)
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
                log.done(kinds, parity)
        folder.write(_file_name(name, scheme), file)
        records.append(artifact_record(file, _file_name(name, scheme), scheme, lowered.io, parity))
    return records


def _file_name(name: str, scheme: str) -> str:
    return f"{name}_{SCHEMES[scheme].suffix}.tflite"


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
        return demand(job.reference, outputs, kind, f"TFLite, {kind}")
    except VerificationError as error:
        found = first_divergence(
            serialize(job.graph),
            data,
            job.lowered.trace,
            job.samples[0],
            job.lowered.io,
            min_sqnr_db=TOLERANCES[kind].min_sqnr_db,
        )
        if found is not None:
            error.why += (
                f" The first tensor out of tolerance is {found.tflite_name} ({found.op}, operator "
                f"{found.index}; {found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
            )
        raise
