"""Comparing a stage with the network and refusing to go on where it differs."""

from __future__ import annotations

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.tolerance import TOLERANCES


def demand(reference: Outputs, outputs: Outputs, kind: str, stage: str) -> Parity:
    """Return how far ``outputs`` are from ``reference``.

    Args:
        reference: What the network computes.
        outputs: What the stage computes from the same samples.
        kind: A key of ``TOLERANCES``.
        stage: Its name, for the message.

    Raises:
        VerificationError: If they are out of tolerance.
    """
    parity = compare(reference, outputs)
    problem = judge(parity, kind)
    if problem is None:
        return parity
    raise refusal(problem, kind, stage)


def refusal(problem: str, kind: str, stage: str) -> VerificationError:
    """Return the error for outputs that are out of tolerance.

    Args:
        problem: Why, in sentences.
        kind: A key of ``TOLERANCES``.
        stage: Its name.
    """
    return VerificationError(
        "The result does not compute what the network computes.",
        where=stage,
        why=problem,
        todo=TOLERANCES[kind].advice,
    )
