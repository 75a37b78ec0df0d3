"""The TFLite target: one float file, and the files of the other schemes made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.contract.target import Job, Target
from _edgeship.export.tflite.schemes import SCHEMES

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.artifacts import OutputFolder
    from _edgeship.export.calibration.ranges import Ranges
    from _edgeship.export.contract.manifest import Artifact
    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.request import Request
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.runtimes.values import Outputs
    from _edgeship.export.tflite.lowering import Lowered
    from _edgeship.export.verification.metrics import Parity


@dataclass(frozen=True)
class _File:
    """A .tflite file that was made; see `export.contract.target.Written`."""

    prepared: _Prepared
    scheme: Scheme
    data: bytes

    rounded_db = None

    @property
    def detail(self) -> str:
        return f"{self.scheme.weights} weights, {self.scheme.activations} inside"

    @property
    def warning(self) -> str:
        from _edgeship.export.tflite.islands import float_islands
        from _edgeship.export.tflite.writer import from_bytes

        islands = float_islands(from_bytes(self.data)) if self.scheme.calibrated else []
        return f"still computed in float: {', '.join(islands)}" if islands else ""

    def run(self) -> Outputs:
        from _edgeship.export.runtimes.running import run_tflite

        return run_tflite(self.data, self.prepared.job.checked, self.prepared.lowered.io)

    def divergence(self, min_sqnr_db: float | None) -> str:
        from _edgeship.export.graph.onnx_graph import serialize
        from _edgeship.export.verification.divergence import first_divergence

        found = first_divergence(
            serialize(self.prepared.graph),
            self.data,
            self.prepared.lowered.trace,
            self.prepared.job.samples[0],
            self.prepared.lowered.io,
            min_sqnr_db=min_sqnr_db,
        )
        if found is None:
            return ""
        return (
            f"The first tensor out of tolerance is {found.tflite_name} ({found.op}, operator "
            f"{found.index}; {found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
        )

    def check(self) -> None:
        """Nothing: the outputs show all there is."""

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        from _edgeship.export.tflite.record import artifact_record

        return artifact_record(
            self.data, name, self.scheme, self.prepared.lowered.io, parity, rounded_db
        )

    def save(self, name: str, folder: OutputFolder) -> None:
        folder.write(name, self.data)


@dataclass(frozen=True)
class _Prepared:
    """A network as float TFLite; see `export.contract.target.Prepared`.

    Attributes:
        job: What is exported.
        graph: The ONNX graph that was lowered.
        lowered: The TFLite graph.
        data: The float32 file.
        detail: What was made.
    """

    job: Job
    graph: ir.Model
    lowered: Lowered
    data: bytes
    detail: str

    notes: Sequence[str] = ()

    @property
    def reference(self) -> Outputs:
        return self.job.reference

    def calibrate(self) -> Ranges:
        from _edgeship.export.tflite.calibrate import activation_ranges

        return activation_ranges(self.data, self.job.samples, self.lowered.io)

    def write(self, scheme: Scheme, ranges: Ranges) -> _File:
        from _edgeship.export.tflite.quantization import quantize

        wanted = self.job.request.io_dtype
        dtype = wanted if wanted in scheme.io_dtypes else "float32"
        return _File(self, scheme, quantize(self.data, scheme.name, ranges, dtype))


def _lower(job: Job) -> _Prepared:
    """Lower the graph of a job to a float32 file.

    Raises:
        UnsupportedError: Naming every operator that cannot be lowered.
        VerificationError: Turning a network on clips into one on images changed the result.
    """
    from _edgeship.export.tflite.lowering import lower
    from _edgeship.export.tflite.writer import to_bytes, to_model

    graph, folded = _fold_frames(job)
    lowered = lower(graph, job.request.io_layout)
    description = f"{job.network.name}, written by edgeship"
    data = to_bytes(to_model(lowered.graph, lowered.io, description))
    notes = _unable(job)
    detail = f"{len(lowered.graph.ops)} operators{folded}"
    return _Prepared(job, graph, lowered, data, detail, notes)


def _fold_frames(job: Job) -> tuple[ir.Model, str]:
    """Return the graph of a network on clips as one on images, and what was done, if anything.

    Raises:
        VerificationError: It computes something else.
    """
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.runtimes.running import run_onnx
    from _edgeship.export.tflite.fold_frames import fold_frames
    from _edgeship.export.verification.demand import demand

    folded, changes = fold_frames(job.graph)
    if not changes:
        return job.graph, ""
    outputs = run_onnx(serialize(folded), job.checked)
    parity = demand(job.reference, outputs, "float", "fold frames")
    return folded, (
        f"; frames go through 2-D operators, {changes} nodes, max rel error {parity.max_rel:.1e}"
    )


def _unable(job: Job) -> tuple[str, ...]:
    """Return a note on the schemes whose inputs and outputs cannot be as asked for."""
    dtype = job.request.io_dtype
    unable = [scheme.name for scheme in job.schemes if dtype not in scheme.io_dtypes]
    if not unable:
        return ()
    return (
        f"--io-dtype {dtype} holds for int8 files only; with {', '.join(unable)} inputs and "
        "outputs stay float32.",
    )


def _refuse(request: Request, schemes: Sequence[Scheme]) -> None:
    """Check that one of the schemes can have inputs and outputs of the type asked for.

    Raises:
        InputError: None of them can.
    """
    able = [name for name, scheme in SCHEMES.items() if request.io_dtype in scheme.io_dtypes]
    if not set(able) & {scheme.name for scheme in schemes}:
        raise InputError(
            f"--io-dtype {request.io_dtype} does not go with --quant "
            f"{','.join(scheme.name for scheme in schemes)}.",
            why=f"only {', '.join(able)} files can take and return {request.io_dtype}",
            todo=f"use --quant {able[0]}, or leave --io-dtype out" if able else "leave it out",
        )


def _open(path: Path) -> ModelFile:
    from _edgeship.export.tflite.file import open_tflite

    return open_tflite(path)


def _operators() -> Mapping[str, str]:
    from _edgeship.export.lowering.registry import phrases
    from _edgeship.export.tflite.ops import LOWERINGS

    return phrases(LOWERINGS)


TFLITE = Target(
    name="tflite",
    title="TFLite",
    suffix=".tflite",
    schemes=SCHEMES,
    options={"io_layout": "--io-layout", "io_dtype": "--io-dtype"},
    lower=_lower,
    open=_open,
    operators=_operators,
    refuse=_refuse,
    next_steps=lambda file: (f"python -m device_bench run {file} --device local",),
)
