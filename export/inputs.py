"""What the network is fed: how images become its input, and the samples of all stages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess
from _edgeship.export.calibration.samples import CALIBRATION_SAMPLES, SampleSet, load_samples
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.graph.onnx_graph import input_shapes
from _edgeship.export.network.source import Network

if TYPE_CHECKING:
    import onnx_ir as ir


def preprocess_of(request: Request, network: Network, log: StageLog) -> Preprocess | None:
    """Return what input images go through: as the user or the model says, or ImageNet's.

    Raises:
        InputError: The user asks for an order of colours, and the input is no picture.
    """
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
        known = default_preprocess(shape[1])
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


def samples_of(
    request: Request,
    captured: ir.Model,
    preprocess: Preprocess | None,
    calibrated: bool,
    log: StageLog,
) -> SampleSet:
    """Return the samples to calibrate on; the first of them are verified on.

    Args:
        request: What the user asked for.
        captured: The network's graph, for the names and shapes of its inputs.
        preprocess: What an input image goes through; None for networks on other inputs.
        calibrated: Whether a scheme measures ranges.
        log: Where the stage is told.

    Raises:
        InputError: The samples cannot be read, or do not fit the inputs.
    """
    source = request.calib
    if source is None and preprocess is None and not calibrated:
        source = "random"
    with log.stage("samples"):
        samples = load_samples(
            source,
            input_shapes(captured),
            preprocess or default_preprocess(3),
            limit=CALIBRATION_SAMPLES,
        )
        log.done(samples.source)
    if calibrated and source is None:
        log.notes.append(
            "Calibrated on the pictures shipped with edgeship. Pictures like those the network "
            "will see (--calib DIR) give better int8 accuracy."
        )
    return samples
