"""Probabilities of classes: where a package computes them, and that they are a softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from _edgeship.errors import VerificationError
from _edgeship.export.coreml.evaluator.mil.program import MilProgram
from _edgeship.export.coreml.wiring import Wiring

#: How far a probability may be from the softmax of the scores, relative to the largest probability:
#: float16 rounds by 0.0005.
_MOST_GAP = 2e-3

#: Operators that do not change the values of probabilities.
_MOVES = ("cast", "reshape", "squeeze", "expand_dims", "identity", "flatten2d")


@dataclass(frozen=True)
class Classification:
    """Where a classifier computes what.

    Attributes:
        outputs: The label and the probabilities by label, as the operator ``classify`` names them.
        probabilities: The variable that ``classify`` reads.
        scores: The variable that a softmax turns into the probabilities, or "" if none does.
    """

    outputs: tuple[str, ...]
    probabilities: str
    scores: str


def classification(program: MilProgram) -> Classification:
    """Return where a package computes its label; all fields are empty if it is no classifier."""
    wiring = Wiring(program)
    for operation in program.operations:
        if operation.kind != "classify":
            continue
        producer = wiring.producer(operation, "probabilities")
        while producer is not None and producer.kind in _MOVES:
            producer = wiring.producer(producer, "x")
        return Classification(
            tuple(output.name for output in operation.outputs),
            wiring.bound(operation, "probabilities"),
            wiring.bound(producer, "x") if producer and producer.kind == "softmax" else "",
        )
    return Classification((), "", "")


def check_probabilities(name: str, probabilities: NDArray[Any], scores: NDArray[Any]) -> None:
    """Check that probabilities are the softmax of scores, all of which belong to one picture.

    Args:
        name: What the message calls the output.
        probabilities: One number per class, in any shape.
        scores: One number per class, in any shape.

    Raises:
        VerificationError: They are not.
    """
    expected = softmax(scores.astype(np.float64).ravel())
    gap = math.inf
    if probabilities.size == expected.size:
        gap = float(np.abs(probabilities.ravel() - expected).max() / expected.max())
    # Negated, so that a NaN is a gap.
    if not gap <= _MOST_GAP:
        raise VerificationError(
            f"{name} is not the softmax of the package's scores.",
            why=f"They differ by {gap:.2g} of the largest.",
        )
