"""Probabilities of classes: the check that a package's are the softmax of its scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from export.errors import VerificationError

#: How far a probability may be from the softmax of the scores, as a part of the largest: float16
#: rounds by 0.0005.
_MOST_GAP = 2e-3


def check_probabilities(name: str, probabilities: NDArray[Any], scores: NDArray[Any]) -> None:
    """Check that probabilities are the softmax of scores, all of which belong to one picture.

    Args:
        name: Of the output, for the message.
        probabilities: Of any shape.
        scores: Of any shape with as many elements.

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
