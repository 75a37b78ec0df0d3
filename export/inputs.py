"""What the network is fed: how images become its input, and the samples of all stages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess, raw_pixels
from _edgeship.export.calibration.samples import (
    SplitSamples,
    loose_samples,
    split_samples,
)
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.network.network import Network
from _edgeship.export.network.user_samples import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _edgeship.export.calibration.input_spec import InputSpec

_NOT_HELD_OUT = "verified on what it was calibrated on; with four samples or more, others are used"


def preprocess_of(
    request: Request, network: Network, inputs: Mapping[str, InputSpec], log: StageLog
) -> Preprocess | None:
    """Return what input images go through: as the user or the model says, or ImageNet's.

    Raises:
        InputError: The user asks for an order of colours or an axis order, and the input is no
            picture.
    """
    spec = next(iter(inputs.values()))
    picture = spec.picture if len(inputs) == 1 else None
    if picture is None:
        given = {"--color bgr": request.color == "bgr", "--input-layout": request.input_layout}
        for option in (name for name, asked in given.items() if asked):
            raise InputError(
                f"{option} needs a network that takes pictures.",
                why=f"its inputs are {', '.join(str(one.shape) for one in inputs.values())}",
            )
        return None
    channels = picture[0]
    known = network.preprocess
    if spec.dtype == np.uint8:
        known = raw_pixels(channels)
    if known is None or len(known.mean) != channels:
        known = default_preprocess(channels)
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
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess | None,
    calibrated: bool,
    log: StageLog,
) -> SplitSamples:
    """Return the samples to calibrate on, and those to verify on.

    Args:
        request: What the user asked for.
        inputs: What the network's inputs take.
        preprocess: What an input image goes through; None for networks on other inputs.
        calibrated: Whether a scheme measures ranges.
        log: Where the stage is told.

    Raises:
        InputError: The samples cannot be read, or do not fit the inputs.
    """
    source = request.calib
    if source is None and preprocess is None and not calibrated:
        source = "random"
    known = preprocess or default_preprocess(3)
    with log.stage("samples"):
        source, name = resolved(source, request.calib_samples)
        if calibrated:
            samples = split_samples(source, inputs, known, request.calib_samples, name=name)
            roles = f"{samples.calibrated} to calibrate on, {samples.verified} others to verify on"
            detail = f"{samples.source}: {roles}" if samples.held_out else samples.source
            log.done(detail, warning="" if samples.held_out else _NOT_HELD_OUT)
        else:
            found = loose_samples(source, inputs, known, name)
            samples = SplitSamples(
                calibration=[],
                verification=found.arrays,
                held_out=True,
                source=found.source,
                calibrated=0,
                verified=found.count,
            )
            log.done(samples.source)
    if calibrated and source is None:
        log.notes.append(
            "Calibrated on the pictures shipped with edgeship. Pictures like those the network "
            "will see (--calib DIR) give better int8 accuracy."
        )
    return samples
