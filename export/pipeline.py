"""The order of the stages, from what the user named to verified files and their manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import Samples, load_samples
from _edgeship.export.contract.schemes import SCHEMES, check_ios, check_schemes, schemes_of
from _edgeship.export.contract.stage_log import StageLog, StageResult
from _edgeship.export.network.source import Network, load_network

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.contract.manifest import Artifact, GraphFile, Manifest
    from _edgeship.export.tflite.lowering import IoLayout

#: Samples to calibrate on, and how many of them every stage is compared on.
CALIBRATION_SAMPLES = 32
VERIFICATION_SAMPLES = 16

_IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_GREY = Preprocess((0.5,), (0.5,))


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
    color: Literal["rgb", "bgr"] = "rgb"
    io_layout: IoLayout = "nhwc"
    io_dtype: str = "float32"
    ios: int | None = None
    io: Literal["tensor", "image"] = "tensor"
    labels: tuple[str, ...] = ()
    author: str | None = None
    license: str | None = None
    out: Path | None = None

    @property
    def calibrated(self) -> bool:
        """Whether a scheme needs calibration samples."""
        return any(SCHEMES[scheme].calibrated for scheme in self.schemes)

    def schemes_for(self, target: str) -> tuple[str, ...]:
        """Return the schemes that a target is asked for: those that it has."""
        if target not in self.targets:
            return ()
        return tuple(scheme for scheme in self.schemes if scheme in schemes_of(target))


@dataclass(frozen=True)
class Result:
    """What an export did and wrote.

    Attributes:
        stages: One row each.
        files: What was written, the manifest last.
        notes: Remarks for the user.
        manifest: The manifest.
    """

    stages: tuple[StageResult, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    manifest: Manifest


def export(request: Request, report: Callable[[str], None] = lambda stage: None) -> Result:
    """Export a network; every stage is compared with the network itself.

    Args:
        request: What to do.
        report: Told the name of each stage as it begins.

    Raises:
        EdgeshipError: Of the kind that says whose fault it is. After a failed verification, no
            file stands at the final names.
    """
    check_schemes(request.schemes, request.targets)
    if request.ios is not None:
        check_ios(request.ios, request.schemes)
    log = StageLog(report)
    with log.stage("load"):
        network = load_network(
            request.model,
            shapes=request.shapes,
            weights=request.weights,
            num_classes=request.num_classes,
        )
        log.done(f"{network.name}, weights: {network.weights}")
    folder = OutputFolder(request.out or Path("build") / network.name)
    try:
        with folder:
            manifest = _run_stages(request, network, folder, log)
            files = folder.publish()
    except VerificationError:
        folder.set_aside()
        raise
    return Result(tuple(log.stages), tuple(files), tuple(log.notes), manifest)


def assumed_preprocess(channels: int) -> Preprocess:
    """Return what images are taken to go through where nothing says it."""
    return _IMAGENET if channels == 3 else _GREY


def _run_stages(
    request: Request, network: Network, folder: OutputFolder, log: StageLog
) -> Manifest:
    from _edgeship.export import graph_stages
    from _edgeship.export.contract.manifest import GraphFile
    from _edgeship.export.graph.onnx_graph import serialize

    captured = graph_stages.capture(network, log)
    preprocess = _preprocess(request, network, log)
    samples = _samples(request, captured, preprocess, log)
    checked = samples.arrays[:VERIFICATION_SAMPLES]
    reference = graph_stages.reference_outputs(network, captured, checked, log)
    simplified = graph_stages.simplify(captured, checked, reference, log)
    graph = graph_stages.rewrite(simplified, checked, reference, log)
    onnx = serialize(graph)
    graph_file = GraphFile(file=f"{network.name}.onnx", sha256=hashlib.sha256(onnx).hexdigest())
    folder.write(graph_file.file, onnx)
    model = _model_record(network, captured)
    artifacts: list[Artifact] = []
    if schemes := request.schemes_for("tflite"):
        from _edgeship.export.tflite.target import export_tflite

        artifacts += export_tflite(
            network.name,
            graph,
            samples.arrays,
            reference,
            schemes,
            request.io_layout,
            request.io_dtype,
            folder,
            log,
        )
    if schemes := request.schemes_for("coreml"):
        with log.stage("import coremltools"):
            from _edgeship.export.coreml.format.library import coremltools
            from _edgeship.export.coreml.settings import settings_of
            from _edgeship.export.coreml.target import export_coreml

            log.done(f"version {coremltools().__version__}")
        settings = settings_of(request, network, model, preprocess, graph_file.sha256)
        artifacts += export_coreml(
            network.name, graph, samples.arrays, reference, schemes, settings, folder, log
        )
    manifest = _manifest(request, network, model, preprocess, samples, graph_file, artifacts, log)
    folder.write("manifest.json", (manifest.model_dump_json(indent=2) + "\n").encode())
    return manifest


def _preprocess(request: Request, network: Network, log: StageLog) -> Preprocess | None:
    """Return what input images go through: as the user or the model says, or ImageNet's."""
    shape = network.shapes[0]
    if len(network.shapes) != 1 or len(shape) not in (4, 5) or shape[1] not in (1, 3):
        if request.color == "bgr":
            raise InputError(
                "--color bgr needs a network that takes pictures.",
                why=f"its inputs are {', '.join(map(str, network.shapes))}",
            )
        return None
    known = network.preprocess
    if known is None or len(known.mean) != shape[1]:
        known = assumed_preprocess(shape[1])
        if request.mean is None or request.std is None:
            mean = ", ".join(f"{value:g}" for value in known.mean)
            std = ", ".join(f"{value:g}" for value in known.std)
            log.notes.append(
                "The network does not say how its images are normalised; assumed: mean "
                f"{mean}, std {std}. Give yours with --mean and --std."
            )
    if request.color == "bgr":
        known = replace(known, mean=known.mean[::-1], std=known.std[::-1], bgr=True)
    return replace(known, mean=request.mean or known.mean, std=request.std or known.std)


def _samples(
    request: Request, captured: ir.Model, preprocess: Preprocess | None, log: StageLog
) -> Samples:
    from _edgeship.export.graph.onnx_graph import input_shapes

    source = request.calib
    if source is None and preprocess is None and not request.calibrated:
        source = "random"
    with log.stage("samples"):
        samples = load_samples(
            source, input_shapes(captured), preprocess or _IMAGENET, limit=CALIBRATION_SAMPLES
        )
        log.done(samples.source)
    if request.calibrated and source is None:
        log.notes.append(
            "Calibrated on the pictures shipped with edgeship. Pictures like those the network "
            "will see (--calib DIR) give better int8 accuracy."
        )
    return samples


def _manifest(
    request: Request,
    network: Network,
    model: dict[str, Any],
    preprocess: Preprocess | None,
    samples: Samples,
    graph_file: GraphFile,
    artifacts: list[Artifact],
    log: StageLog,
) -> Manifest:
    from _edgeship.export.contract.manifest import Manifest, StageRecord, versions

    calibration = {"source": samples.source, "count": len(samples.arrays), "method": "min-max"}
    return Manifest(
        versions=versions(),
        model=model,
        weights={
            "source": network.weights,
            "sha256": network.weights_sha256,
            **network.training,
            "untrained": network.untrained,
        },
        preprocess=preprocess.describe() if preprocess is not None else None,
        calibration=calibration if request.calibrated else None,
        verification={
            "reference": "torch" if network.module is not None else "the ONNX file",
            "samples": min(VERIFICATION_SAMPLES, len(samples.arrays)),
            "source": samples.source,
        },
        onnx=graph_file,
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


def _model_record(network: Network, captured: ir.Model) -> dict[str, Any]:
    from _edgeship.export.graph import cost as graph_cost

    if network.module is not None:
        params = sum(parameter.numel() for parameter in network.module.parameters())
    else:
        params = graph_cost.parameters(captured)
    return {
        "name": network.name,
        "mult_adds": graph_cost.mult_adds(captured),
        "params": params,
        "published": dict(network.facts),
    }
