"""The order of the stages, from what the user named to verified files and their manifest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.artifacts import OutputFolder
from export.calibration.preprocess import Preprocess
from export.calibration.ranges import Ranges
from export.calibration.samples import Samples, load_samples
from export.errors import VerificationError
from export.schemes import SCHEMES
from export.source import Network, load_network

if TYPE_CHECKING:
    import onnx_ir as ir

    from export.tflite.lowering import IoLayout, Lowered
    from export.verification.metrics import Outputs, Parity

#: Samples to calibrate on, and how many of them every stage is compared on.
CALIBRATION_SAMPLES = 32
VERIFICATION_SAMPLES = 16

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Request:
    """What to export, and how; the fields are the options of the command line."""

    model: str
    targets: tuple[str, ...] = ("tflite",)
    schemes: tuple[str, ...] = ("none",)
    shapes: tuple[tuple[int, ...], ...] = ()
    weights: str | None = None
    num_classes: int | None = None
    calib: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    io_layout: IoLayout = "nhwc"
    io_dtype: str = "float32"
    out: Path | None = None


@dataclass(frozen=True)
class StageResult:
    """One row of the table that an export ends with."""

    stage: str
    detail: str
    seconds: float
    parity: Parity | None = None
    warning: str = ""


@dataclass(frozen=True)
class Result:
    """What an export did and wrote."""

    stages: tuple[StageResult, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass
class _Log:
    """Stages so far; tells ``report`` which one has begun."""

    report: Callable[[str], None]
    stages: list[StageResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a stage; what the caller puts into the mapping fills the row."""
        self.report(name)
        row: dict[str, Any] = {"detail": ""}
        start = time.perf_counter()
        yield row
        self.stages.append(StageResult(name, seconds=time.perf_counter() - start, **row))


def export(request: Request, report: Callable[[str], None] = lambda stage: None) -> Result:
    """Export a network: every stage is compared with the network itself.

    Args:
        request: What to do.
        report: Told the name of each stage as it begins.

    Raises:
        EdgeshipError: Of the kind that says whose fault it is; nothing is then left at the final
            names of this export.
    """
    log = _Log(report)
    with log.stage("load") as row:
        network = load_network(
            request.model,
            shapes=request.shapes,
            weights=request.weights,
            num_classes=request.num_classes,
        )
        row["detail"] = f"{network.name}, weights: {network.weights}"
    folder = OutputFolder(request.out or Path("build") / network.name)
    try:
        with folder:
            return _export(request, network, folder, log)
    except VerificationError:
        folder.set_aside()
        raise


def _export(request: Request, network: Network, folder: OutputFolder, log: _Log) -> Result:
    from export.manifest import Manifest, StageRecord, versions
    from export.onnx_graph import serialize

    preprocess = _preprocess(request, network, log)
    captured = _capture(network, log)
    samples = _samples(request, captured, preprocess, log)
    checked = samples.arrays[:VERIFICATION_SAMPLES]
    reference = _reference(network, captured, checked, log)
    graph = _rewrite(_simplify(captured, checked, reference, log), checked, reference, log)
    folder.write(f"{network.name}.onnx", serialize(graph))
    artifacts = []
    if "tflite" in request.targets:
        artifacts = _tflite(request, network, graph, samples, reference, folder, log)
    manifest = Manifest(
        versions=versions(),
        model=_model_record(network, captured),
        weights={
            "source": network.weights,
            "sha256": network.weights_sha256,
            "untrained": network.untrained,
        },
        preprocess=preprocess.describe() if preprocess is not None else None,
        calibration=(
            {"source": samples.source, "count": len(samples.arrays), "method": "min-max"}
            if any(SCHEMES[scheme].calibrated for scheme in request.schemes)
            else None
        ),
        verification={
            "reference": "torch" if network.module is not None else "the ONNX file",
            "samples": len(checked),
            "source": samples.source,
        },
        stages=[
            StageRecord(
                stage=stage.stage,
                detail=stage.detail,
                parity=stage.parity.to_dict() if stage.parity else None,
                warning=stage.warning,
            )
            for stage in log.stages
        ],
        artifacts=artifacts,
    )
    folder.write("manifest.json", (manifest.model_dump_json(indent=2) + "\n").encode())
    return Result(tuple(log.stages), tuple(folder.publish()), tuple(log.notes))


def _preprocess(request: Request, network: Network, log: _Log) -> Preprocess | None:
    """Return what input images go through: as given, as the model's spec says, or ImageNet's."""
    shape = network.shapes[0]
    if len(network.shapes) != 1 or len(shape) not in (4, 5) or shape[1] not in (1, 3):
        return None
    known = network.preprocess
    mean, std = (known.mean, known.std) if known is not None else IMAGENET
    if len(mean) != shape[1]:
        mean, std = (sum(mean) / len(mean),) * shape[1], (sum(std) / len(std),) * shape[1]
    if known is None and request.mean is None:
        log.notes.append(
            "The network does not say how its images are normalised: ImageNet's mean and std are "
            "assumed. Give yours with --mean and --std."
        )
    return Preprocess(mean=request.mean or mean, std=request.std or std)


def _capture(network: Network, log: _Log) -> ir.Model:
    from export.onnx_graph import infer_shapes

    with log.stage("capture") as row:
        if network.onnx is not None:
            captured = network.onnx
        else:
            from export.capture import capture_module

            assert network.module is not None  # noqa: S101 (a network is one or the other)
            captured = infer_shapes(capture_module(network.module, network.shapes))
        row["detail"] = f"ONNX opset {captured.opset_imports.get('')}, {_count(captured)}"
    return captured


def _samples(
    request: Request, captured: ir.Model, preprocess: Preprocess | None, log: _Log
) -> Samples:
    from export.onnx_graph import input_shapes

    needed = any(SCHEMES[scheme].calibrated for scheme in request.schemes)
    source = request.calib
    if source is None and preprocess is None and not needed:
        source = "random"
    with log.stage("samples") as row:
        samples = load_samples(
            source,
            input_shapes(captured),
            preprocess or Preprocess(*IMAGENET),
            limit=CALIBRATION_SAMPLES,
        )
        row["detail"] = samples.source
    if needed and source is None:
        log.notes.append(
            "Calibrated on the pictures shipped with edgeship. Give some of your own with "
            "--calib DIR for the best int8 accuracy."
        )
    return samples


def _reference(
    network: Network, captured: ir.Model, samples: Sequence[dict[str, Any]], log: _Log
) -> Outputs:
    """Return the outputs that every later stage is compared with."""
    from export.onnx_graph import serialize
    from export.verification.runtimes import run_onnx, run_torch

    onnx_outputs = run_onnx(serialize(captured), samples)
    if network.module is None:
        return onnx_outputs
    with log.stage("verify capture") as row:
        reference = run_torch(network.module, samples)
        row["detail"] = "ONNX Runtime against torch"
        row["parity"] = _demand(reference, onnx_outputs, "float", "capture")
    return reference


def _simplify(
    captured: ir.Model, samples: Sequence[dict[str, Any]], reference: Outputs, log: _Log
) -> ir.Model:
    """Return the simplified graph, or the captured one where simplifying failed or changed it."""
    from export.onnx_graph import serialize
    from export.simplify import simplify
    from export.verification.metrics import compare
    from export.verification.runtimes import run_onnx
    from export.verification.tolerance import judge

    with log.stage("simplify") as row:
        try:
            simplified = simplify(captured)
            row["parity"] = compare(reference, run_onnx(serialize(simplified), samples))
            problem = judge(row["parity"], "float")
        except (RuntimeError, VerificationError) as error:
            problem = str(error).splitlines()[0]
        if problem is not None:
            row["warning"] = f"the graph goes on unsimplified: {problem}"
            log.notes.append(f"Simplification was dropped: {problem}")
            return captured
        row["detail"] = f"onnxsim: {_count(captured)} -> {_count(simplified)}"
    return simplified


def _rewrite(
    graph: ir.Model, samples: Sequence[dict[str, Any]], reference: Outputs, log: _Log
) -> ir.Model:
    from export.onnx_graph import serialize
    from export.passes import rewrite
    from export.verification.runtimes import run_onnx

    with log.stage("rewrite") as row:
        rewritten, changes = rewrite(graph)
        row["detail"] = ", ".join(f"{name} {count}" for name, count in changes.items())
        if not changes:
            row["detail"] = "nothing to change"
            return graph
        outputs = run_onnx(serialize(rewritten), samples)
        row["parity"] = _demand(reference, outputs, "float", "rewrite")
    return rewritten


def _tflite(
    request: Request,
    network: Network,
    graph: ir.Model,
    samples: Samples,
    reference: Outputs,
    folder: OutputFolder,
    log: _Log,
) -> list[Any]:
    from export.tflite.calibrate import activation_ranges
    from export.tflite.lowering import lower
    from export.tflite.quantization import quantize
    from export.tflite.record import artifact_record
    from export.tflite.writer import to_bytes, to_model

    with log.stage("lower") as row:
        lowered = lower(graph, request.io_layout)
        data = to_bytes(to_model(lowered.graph, lowered.io, f"{network.name}, by edgeship"))
        row["detail"] = f"float32 TFLite, {len(lowered.graph.ops)} operators"
    with log.stage("verify float") as row:
        row["detail"] = "LiteRT, float32"
        row["parity"] = _verify_tflite(
            data, lowered, graph, samples.arrays, reference, "float", "lower"
        )
    ranges: Ranges | None = None
    if any(SCHEMES[scheme].calibrated for scheme in request.schemes):
        with log.stage("calibrate") as row:
            ranges = activation_ranges(data, samples.arrays, lowered.io)
            row["detail"] = f"ranges of {len(ranges)} tensors on {len(samples.arrays)} samples"
    records = []
    for name in request.schemes:
        scheme = SCHEMES[name]
        file_name = f"{network.name}_{scheme.suffix}.tflite"
        folder.reserve(file_name)
        parity = log.stages[-1].parity
        quantized = data
        if name != "none":
            io_dtype = request.io_dtype if request.io_dtype in scheme.io_dtypes else "float32"
            with log.stage(f"quantize {name}") as row:
                quantized = quantize(data, name, ranges, io_dtype)
                parity = row["parity"] = _verify_tflite(
                    quantized, lowered, graph, samples.arrays, reference, name, f"quantize {name}"
                )
                row["detail"] = f"{scheme.weights} weights, {scheme.activations} activations"
        folder.write(file_name, quantized)
        records.append(artifact_record(quantized, file_name, name, lowered.io, parity))
    return records


def _verify_tflite(
    data: bytes,
    lowered: Lowered,
    graph: ir.Model,
    samples: Sequence[dict[str, Any]],
    reference: Outputs,
    kind: str,
    stage: str,
) -> Parity:
    """Run the file; if it is out of tolerance, name the first tensor that is."""
    from export.onnx_graph import serialize
    from export.verification.divergence import first_divergence
    from export.verification.runtimes import run_tflite
    from export.verification.tolerance import TOLERANCES

    outputs = run_tflite(data, samples[: len(reference)], lowered.io)
    try:
        return _demand(reference, outputs, kind, stage)
    except VerificationError as error:
        found = first_divergence(
            serialize(graph),
            data,
            lowered.trace,
            samples[0],
            lowered.io,
            min_sqnr_db=TOLERANCES[kind].min_sqnr_db,
        )
        if found is not None:
            error.why += (
                f" The first tensor out of tolerance is {found.tflite_name} ({found.op}, operator "
                f"{found.index}; {found.onnx_name} in the ONNX graph): SQNR {found.sqnr_db:.1f} dB."
            )
        raise


def _demand(reference: Outputs, outputs: Outputs, kind: str, stage: str) -> Parity:
    from export.verification.metrics import compare
    from export.verification.tolerance import judge

    parity = compare(reference, outputs)
    problem = judge(parity, kind)
    if problem is not None:
        raise VerificationError(
            f"the result of the stage {stage!r} does not compute what the network computes.",
            where=stage,
            why=problem,
            todo="for int8, calibrate on images like those the network will see (--calib DIR), or "
            "try --quant int16x8 or fp16; for float, please report it",
        )
    return parity


def _model_record(network: Network, captured: ir.Model) -> dict[str, Any]:
    from export import graph_cost

    module = network.module
    count = (
        sum(parameter.numel() for parameter in module.parameters())
        if module is not None
        else graph_cost.parameters(captured)
    )
    return {
        "name": network.name,
        "mult_adds": graph_cost.mult_adds(captured),
        "params": count,
        "published": dict(network.facts),
    }


def _count(model: ir.Model) -> str:
    return f"{model.graph.num_nodes()} nodes"
