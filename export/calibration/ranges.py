"""What values each tensor took over the calibration samples, and the ranges chosen for them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.histogram import Histogram
from _edgeship.export.calibration.observers import OBSERVERS, Observer

Ranges = dict[str, tuple[float, float]]
"""Tensor name -> (minimum, maximum)."""


@dataclass(frozen=True)
class Observed:
    """What was seen of each tensor.

    Attributes:
        histograms: Tensor name -> its values.
        beside: The same of another form of these tensors, by names of their own.
    """

    histograms: dict[str, Histogram] = field(default_factory=dict)
    beside: dict[str, Histogram] = field(default_factory=dict)

    def add(self, name: str, array: NDArray[np.generic], sample: int) -> None:
        """Take in the values of one tensor on one sample, in place.

        Args:
            name: The tensor.
            array: Its values, of any shape but not empty.
            sample: Index of the calibration sample, counted from 0, for the message.

        Raises:
            InputError: The array holds NaN or infinity.
        """
        values: NDArray[Any] = array
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise InputError(
                f"The network produced NaN or infinity in tensor {name}.",
                where=f"calibration sample {sample}",
                why="an infinite range cannot be quantized",
                todo="check the weights, and that --calib matches the network's preprocessing",
            )
        if name not in self.histograms:
            self.histograms[name] = Histogram(low, high)
        self.histograms[name].add(values, low, high)

    def ranges(self, observer: Observer = "min-max", bits: int = 8) -> Ranges:
        """Return the range of each tensor, in both forms.

        Args:
            observer: How it is chosen.
            bits: Of the integers that span it.
        """
        choose = OBSERVERS[observer]
        return {name: choose(seen, bits) for name, seen in (self.histograms | self.beside).items()}
