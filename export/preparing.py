"""From a request to all that targets need: the first half of an export, and of what asks less."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.contract.about import About
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.calibration.input_spec import InputSpec
    from _edgeship.export.calibration.samples import SplitSamples
    from _edgeship.export.network.network import Network


@dataclass(frozen=True)
class Ready:
    """A network that can be lowered.

    Attributes:
        job: What targets are given, but for their schemes.
        captured: The graph as it was before rewriting.
        onnx: The rewritten graph, serialized.
        inputs: What the network's inputs take.
        samples: What files are calibrated and verified on.
    """

    job: Job
    captured: ir.Model
    onnx: bytes
    inputs: Mapping[str, InputSpec]
    samples: SplitSamples


def load(request: Request, log: StageLog) -> Network:
    """Return the network of a request; the caller closes it.

    Raises:
        InputError: There is no such network, or its weights do not fit.
    """
    from _edgeship.export.network.source import load_network

    with log.stage("load"):
        network = load_network(
            request.model,
            shapes=request.shapes,
            dtypes=request.dtypes,
            inputs=request.inputs,
            outputs=request.outputs,
            detection=request.detection,
            weights=request.weights,
            num_classes=request.num_classes,
        )
        log.done(f"{network.name}, weights: {network.weights}")
        log.notes += network.notes
    return network


def make_ready(request: Request, network: Network, calibrated: bool, log: StageLog) -> Ready:
    """Capture a network, run it, and rewrite its graph.

    Args:
        request: What the user asked for.
        network: Is closed when it has been run.
        calibrated: Whether ranges will be measured.
        log: Where the stages are told.

    Raises:
        EdgeshipError: A stage fails.
    """
    from _edgeship.export import graph_stages
    from _edgeship.export.calibration.input_spec import input_specs
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.inputs import preprocess_of, samples_of
    from _edgeship.export.network.naming import own_names
    from _edgeship.export.recording import model_record
    from _edgeship.export.verification.joined import output_parts

    network, captured = graph_stages.capture(
        network, log, request.input_names, request.output_names
    )
    labels = labels_of(request, network, captured)
    model = model_record(network, captured)
    inputs = input_specs(
        captured, request.input_layout, inner=bool(request.inputs), own_names=own_names(network)
    )
    preprocess = preprocess_of(request, network, inputs, log)
    # A file that was quantized before has its scales: pictures make no better ones.
    measures = calibrated and not (network.given and network.given.activations)
    samples = samples_of(request, inputs, preprocess, measures or request.calib is not None, log)
    checked = samples.verification
    reference, original = graph_stages.reference_outputs(network, captured, checked, log)
    network.close()  # it is not run again, and may hold a process with torch
    simplified = graph_stages.simplify(captured, log)
    graph = graph_stages.rewrite(simplified, checked, reference, log)
    given = graph_stages.confirm_scales(network, captured, graph, checked, original, log)
    onnx = serialize(graph)
    job = Job(
        request=request,
        network=network,
        model=model,
        graph=graph,
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        samples=samples.calibration or (samples.verification if network.given else []),
        checked=checked,
        reference=reference,
        preprocess=preprocess,
        schemes=(),
        nhwc=frozenset(
            name for name, spec in inputs.items() if spec.picture and spec.layout == "nhwc"
        ),
        given=given,
        original=original,
        labels=labels,
        about=about_of(request.about, network),
    )
    job = replace(job, parts=output_parts(graph, reference))
    return Ready(job, captured, onnx, inputs, samples)


def labels_of(request: Request, network: Network, graph: ir.Model) -> dict[str, tuple[str, ...]]:
    """Return output -> the names of its classes, as the user or the weights name them.

    Raises:
        InputError: They fit no output, or several; or they are to be the weights', which know none.
    """
    from _edgeship.export.contract.labels import CHECKPOINT, place_labels
    from _edgeship.export.contract.port_words import shapes_of_outputs

    asked, outputs = request.labels, shapes_of_outputs(graph)
    if asked != CHECKPOINT:
        known = () if request.outputs else network.labels  # they name the network's own scores
        return place_labels(asked, known, outputs)
    if not network.labels:
        raise InputError(
            "The weights do not say which classes they were trained on.",
            why=f"they are {network.weights}",
            todo="give the names: --labels FILE",
        )
    return place_labels({"": network.labels}, (), outputs)


def about_of(said: About, network: Network) -> About:
    """Return what is known about a network for people.

    Args:
        said: What the user says, which comes first.
        network: The publisher of its weights stands for an author whom nobody has named.
    """
    training = network.training
    return replace(
        said,
        author=said.author or str(training.get("publisher", "")),
        license=said.license or str(training.get("licence", "")),
    )
