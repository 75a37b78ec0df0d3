"""From the rewritten graph to files, and what ONNX Runtime makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx_ir as ir

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import VerificationError
from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.schemes import Scheme, still_float
from _edgeship.export.contract.target import Job, Judge
from _edgeship.export.equalization.choice import equalized_if_better
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx.bias_correction import quantize_corrected
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.divergence import first_divergence
from _edgeship.export.onnx.float16 import to_float16
from _edgeship.export.onnx.optimized import float_operators, run_optimized
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.onnx.record import artifact_record
from _edgeship.export.onnx.weight_check import check_weights
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity

#: How much further in dB the fused kernels may lie from the plain ones than these from the network.
#: Fused kernels round where plain ones do not. In int8 files of nine networks, they lay 2 to 31 dB
#: nearer, or gave the same numbers.
_FUSED_BELOW_DB = 6.0


@dataclass(frozen=True)
class _File:
    """A .onnx file that was made; see `export.contract.target.Written`.

    Attributes:
        prepared: What it was made from.
        scheme: How.
        graph: The one in float32 that it computes.
        data: The file.
    """

    prepared: _Prepared
    scheme: Scheme
    graph: ir.Model
    data: bytes

    rounded = None

    @property
    def detail(self) -> str:
        return self.scheme.in_words

    @property
    def warning(self) -> str:
        found = float_operators(self.data) if self.scheme.calibrated else {}
        return still_float(f"{count} {kind}" for kind, count in found.items())

    def run(self) -> Outputs:
        return self._outputs

    @cached_property
    def _outputs(self) -> Outputs:
        return run_optimized(self.data, self.prepared.job.checked)

    def divergence(self, min_sqnr_db: float | None) -> str:
        prepared = self.prepared
        graph = serialize(prepared.integers.graph if self.scheme.calibrated else prepared.job.graph)
        sample = self.prepared.job.checked[0]
        found = first_divergence(graph, self.data, sample, min_sqnr_db)
        if found is None:
            return ""
        return (
            f"The first value out of tolerance is {found.name} ({found.op}): "
            f"SQNR {found.sqnr_db:.1f} dB."
        )

    def check(self, again: Judge) -> None:
        """Check the weights one by one, and that the fused kernels compute what the file says.

        Raises:
            VerificationError: A weight is another, or they do not.
        """
        check_weights(self.graph, self.data)
        plain = run_onnx(self.data, self.prepared.job.checked)
        gap = compare(plain, self.run())
        noise = compare(self.prepared.reference, plain).sqnr_db
        if judge(gap, "float") is not None and not gap.sqnr_db >= noise - _FUSED_BELOW_DB:
            raise VerificationError(
                "ONNX Runtime's fused kernels do not compute what the file says.",
                where=f"ONNX Runtime {self.scheme.name}",
                why=f"with them the SQNR is {gap.sqnr_db:.1f} dB, where the file as it stands is "
                f"within {noise:.1f} dB of the network",
                todo="report it, with the network and the version of onnxruntime",
            )

    def record(self, name: str, parity: Parity, rounded_db: float | None) -> Artifact:
        return artifact_record(self.data, name, self.scheme, parity, rounded_db)

    def save(self, name: str, folder: OutputFolder) -> None:
        folder.write(name, self.data)


@dataclass(frozen=True)
class _Form:
    """A graph that computes what the network does.

    Attributes:
        graph: As it was rewritten.
        model: As files have it.
    """

    graph: ir.Model
    model: ir.Model


@dataclass(frozen=True)
class _Prepared:
    """A graph ready to be written; see `export.contract.target.Prepared`.

    Attributes:
        job: What is exported.
        model: The graph that the files are made from.
        integers: The one that is quantized with activations.
        detail: What was made.
    """

    job: Job
    model: ir.Model
    integers: _Form
    detail: str

    notes: Sequence[str] = ()
    parity: Parity | None = None

    @property
    def reference(self) -> Outputs:
        return self.job.reference

    def operators(self) -> Mapping[str, str]:
        return {str(v.name): n.op_type for n in self.model.graph for v in n.outputs}

    def calibrate(self) -> Observed:
        return observe_graph(serialize(self.integers.model), self.job.samples)

    def rehearse(
        self,
        scheme: Scheme,
        ranges: Ranges,
        samples: Sequence[Sample],
        keep: Collection[str] = (),
        finished: bool = False,
    ) -> Outputs:
        if scheme.calibrated and not finished:  # correcting biases takes too long for each try
            made = quantize(self.integers.model, ranges, self.job.given, keep)
            return run_optimized(to_bytes(made), samples)
        return run_optimized(self.write(scheme, ranges, keep).data, samples)

    def write(self, scheme: Scheme, ranges: Ranges, keep: Collection[str] = ()) -> _File:
        if scheme.calibrated:
            made, graph = quantize_corrected(self.integers.model, self.job, ranges, keep)
            return _File(self, scheme, graph, to_bytes(made))
        made = to_float16(self.model) if scheme.name == "fp16" else ir.to_proto(self.model)
        return _File(self, scheme, self.model, to_bytes(made))


def prepare(job: Job) -> _Prepared:
    """Prepare the graph of a job."""
    model = deployable(job.graph)
    opset = model.opset_imports[""]
    detail = f"{model.graph.num_nodes()} nodes of opset {opset}"
    calibrated = any(scheme.calibrated for scheme in job.schemes)
    # Scales of a file that was quantized before belong to its own values.
    equal = equalized_if_better(job.graph, job.samples) if calibrated and not job.given else None
    integers = _Form(job.graph, model) if equal is None else _Form(equal, deployable(equal))
    return _Prepared(job, model, integers, detail)
