"""The classes that a network finds most likely, from an output as a file stores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from _edgeship.export.contract.manifest import Port

#: How many classes are shown.
BEST = 5

#: Type of an output that Core ML gives by the names of the classes.
_DICTIONARY = "dictionary"


@dataclass(frozen=True)
class Ranked:
    """A class.

    Attributes:
        label: Its name, or its number where it has none.
        score: What the file says of it, dequantized.
        probability: 0 to 1; None where scores are neither logits nor probabilities.
    """

    label: str
    score: float
    probability: float | None


def ranks(port: Port) -> bool:
    """Return whether an output holds one score for each class of one sample."""
    if port.scores or port.labels or port.dtype == _DICTIONARY:
        return True
    return len(port.shape) == 2 and port.shape[0] == 1 and port.shape[1] > BEST


def best(port: Port, values: NDArray[Any], labels: Sequence[str]) -> list[Ranked]:
    """Return the best classes, the best one first; of equal ones the first.

    Args:
        port: The output.
        values: What it holds, as the file stores it; of a batch, the first sample counts.
        labels: Names of its classes; empty where they have none.
    """
    scores = dequantized(port, values)
    scores = scores.reshape(scores.shape[0] if scores.ndim > 1 else 1, -1)[0]
    order = np.argsort(-scores, kind="stable")[:BEST]
    probabilities: NDArray[Any] | None = None
    if port.scores == "logits":
        probabilities = softmax(scores)
    elif port.scores == "probabilities" or port.dtype == _DICTIONARY:
        probabilities = scores
    return [
        Ranked(
            labels[index] if index < len(labels) else f"class {index}",
            float(scores[index]),
            None if probabilities is None else float(probabilities[index]),
        )
        for index in order.tolist()
    ]


def dequantized(port: Port, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the numbers that stored values stand for."""
    numbers = np.asarray(values, np.float64)
    if port.scale is None:
        return numbers
    return (numbers - (port.zero_point or 0)) * port.scale
