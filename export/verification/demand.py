"""Comparing a stage with the network and refusing to go on where it differs."""

from __future__ import annotations

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.tolerance import TOLERANCES, judge


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
        todo=TOLERANCES[kind].advice,
    )
