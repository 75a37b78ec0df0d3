"""The manifest of an export, made of what its stages found."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from _edgeship.export.calibration.samples import SplitSamples
from _edgeship.export.contract.labels import labels_file, lines_of
from _edgeship.export.contract.manifest import (
    AXES,
    AXES_LAST,
    Artifact,
    GraphFile,
    LabelsFile,
    Manifest,
    Port,
    StageRecord,
    versions,
)
from _edgeship.export.contract.port_words import PortWords, input_words, output_words
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job
from _edgeship.export.graph import cost
from _edgeship.export.network.network import Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir

    from _edgeship.export.calibration.input_spec import InputSpec


def manifest_of(
    job: Job,
    inputs: Mapping[str, InputSpec],
    samples: SplitSamples,
    graph_file: GraphFile,
    artifacts: list[Artifact],
    calibrated: bool,
    log: StageLog,
) -> Manifest:
    """Return the manifest of an export.

    Args:
        job: What was exported.
        inputs: What the network's inputs take.
        samples: What it was calibrated and verified on.
        graph_file: The rewritten graph as it was written.
        artifacts: The entries of the files.
        calibrated: Whether a scheme measured ranges.
        log: The stages.
    """
    network, preprocess = job.network, job.preprocess
    calibration = {
        "source": samples.source,
        "count": samples.calibrated,
        "method": job.request.ranges,
    }
    if job.given is not None and job.given.activations:
        calibration["scales"] = str(job.given)
    return Manifest(
        versions=versions(),
        model=dict(job.model),
        weights={
            "source": network.weights,
            "sha256": network.weights_sha256,
            **network.training,
            "untrained": network.untrained,
        },
        preprocess=preprocess.describe() if preprocess is not None else None,
        calibration=calibration if calibrated else None,
        verification={
            "reference": network.definition.reference,
            "samples": samples.verified,
            "source": samples.source,
            "held_out": samples.held_out,
        },
        onnx=graph_file,
        stages=[
            StageRecord(
                stage=stage.stage,
                detail=stage.detail,
                parity=stage.parity.to_dict() if stage.parity else None,
                part=stage.parity.part if stage.parity else "",
                warning=stage.warning,
            )
            for stage in log.stages
        ],
        artifacts=[
            _in_words(_named(artifact, list(inputs.values())), job) for artifact in artifacts
        ],
        labels=[
            LabelsFile(
                file=labels_file(output, job.labels),
                sha256=hashlib.sha256(lines_of(names)).hexdigest(),
                count=len(names),
                output=output,
            )
            for output, names in job.labels.items()
        ],
        about=job.about,
    )


def _named(artifact: Artifact, inputs: Sequence[InputSpec]) -> Artifact:
    """Return an entry whose axes have their right names, where pictures lie channels last.

    Targets name axes as if all networks were channels first. Of the outputs of others, only those
    that a target has moved are known to be maps.
    """
    last = [spec.picture is not None and spec.layout == "nhwc" for spec in inputs]
    if not any(last):
        return artifact
    ports = [
        _moved(port) if moved else port for port, moved in zip(artifact.inputs, last, strict=True)
    ]
    outputs = [
        port.model_copy(update={"layout": ""}) if port.layout in AXES.values() else port
        for port in artifact.outputs
    ]
    return artifact.model_copy(update={"inputs": ports, "outputs": outputs})


def _in_words(artifact: Artifact, job: Job) -> Artifact:
    """Return an entry whose ports say what they hold, as far as that is known."""
    inputs, outputs = input_words(job), output_words(job)
    update = {
        "inputs": [_input_in_words(port, inputs.get(port.name)) for port in artifact.inputs],
        "outputs": [
            _output_in_words(port, outputs.get(port.name), job) for port in artifact.outputs
        ],
    }
    return artifact.model_copy(update=update)


def _input_in_words(port: Port, known: PortWords | None) -> Port:
    if known is None:
        return port
    words = known.description
    colors = port.layout if port.dtype == "image" else port.colors
    if colors and known.pixels:
        words = f"{colors.lower() if colors == 'GRAYSCALE' else colors} {known.pixels}"
    return port.model_copy(update={"description": words})


def _output_in_words(port: Port, known: PortWords | None, job: Job) -> Port:
    """Say what an output holds; a classifier's have names that no output of the network has."""
    if known is not None:
        update = {
            "description": known.description,
            "labels": known.labels,
            "scores": known.scores,
        }
    elif port.dtype == "string":
        update = {"description": "the name of the likeliest class"}
    elif port.dtype == "dictionary" and len(job.labels) == 1:
        [(output, names)] = job.labels.items()
        update = {
            "description": f"probabilities of {len(names)} classes, by their names",
            "labels": labels_file(output, job.labels),
            "scores": "probabilities",
        }
    else:
        return port
    return port.model_copy(update=update)


def _moved(port: Port) -> Port:
    rank = len(port.shape)
    if sorted(port.layout) != sorted(AXES.get(rank, " ")):
        return port  # a picture's colours
    letters = str.maketrans(AXES[rank], AXES_LAST[rank])
    return port.model_copy(update={"layout": port.layout.translate(letters)})


def model_record(network: Network, captured: ir.Model) -> dict[str, Any]:
    """Return the name, what is counted and what is published of a network."""
    return {
        "name": network.name,
        "mult_adds": cost.mult_adds(captured),
        "params": network.definition.parameters(),
        "published": dict(network.facts),
    }
