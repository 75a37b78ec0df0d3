"""Comparing a stage with the network and refusing to go on where it differs."""

from __future__ import annotations

from _edgeship.errors import VerificationError
from _edgeship.export.contract.schemes import SCHEMES
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.metrics import Parity, compare
from _edgeship.export.verification.tolerance import judge


def demand(
    reference: Outputs, outputs: Outputs, kind: str, stage: str, rounded_db: float | None = None
) -> Parity:
    """Return how far ``outputs`` are from ``reference``.

    Args:
        reference: What the network computes.
        outputs: What the stage computes from the same samples.
        kind: A key of ``TOLERANCES``.
        stage: Its name, for the message.
        rounded_db: As for `judge`.

    Raises:
        VerificationError: If they are out of tolerance.
    """
    parity = compare(reference, outputs)
    problem = judge(parity, kind, rounded_db)
    if problem is None:
        return parity
    raise VerificationError(
        "The result does not compute what the network computes.",
        where=stage,
        why=problem,
        todo=_advice(kind),
    )


def _advice(kind: str) -> str:
    if kind == "float":
        return "report it, with the network"
    if kind == "fp16":
        return "choose --quant none: numbers above 65504 do not fit into float16"
    if SCHEMES[kind].calibrated:
        return (
            "calibrate on images like those the network will see (--calib DIR), "
            "or choose --quant fp16, or int16x8 for TFLite"
        )
    return "choose a scheme with more bits, such as --quant fp16"
