"""The scales that a quantized file brings with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scale:
    """How the integers of an activation count.

    Attributes:
        step: Real units per step.
        zero_point: The integer that stands for zero, of a signed type: 128 of a uint8 is 0 here.
        bits: Of the integers: 8 or 16.
    """

    step: np.float32
    zero_point: int
    bits: int

    @property
    def range(self) -> tuple[float, float]:
        """The real numbers that the smallest and the largest integer stand for."""
        half = 1 << (self.bits - 1)
        step = float(self.step)
        return (-half - self.zero_point) * step, (half - 1 - self.zero_point) * step


@dataclass(frozen=True)
class Given:
    """What is known of a network that was quantized before it came here.

    Attributes:
        activations: Name of a value of the float graph -> its scale.
        weight_steps: All scales of weights in the file, float32, sorted, without repetition.
        dropped: How often the file rounds a value once more, by another scale.
    """

    activations: Mapping[str, Scale]
    weight_steps: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    dropped: int = 0

    @property
    def widths(self) -> set[int]:
        """The bits of activations whose scales other formats can have: not 16 with a zero point."""
        scales = self.activations.values()
        return {scale.bits for scale in scales if scale.bits == 8 or scale.zero_point == 0}

    def ranges(self, bits: int) -> dict[str, tuple[float, float]]:
        """Return the ranges of activations that have so many bits, by the names of values."""
        found = self.activations.items()
        return {name: scale.range for name, scale in found if scale.bits == bits}

    def renamed(self, names: Mapping[str, str]) -> Given:
        """Return the same of a graph whose values are called otherwise; missing names stay."""
        found = self.activations.items()
        return replace(self, activations={names.get(name, name): scale for name, scale in found})

    def __str__(self) -> str:
        """Return what was found, in words."""
        count = len(self.activations)
        if not count:
            return "the file's own weights of 8 bits or fewer"
        return f"the file's own scales of {count} activations"


def signed_zero_point(zero_point: int, dtype: np.dtype[Any]) -> int:
    """Return the zero point of the signed type of the same width."""
    return zero_point - (1 << (8 * dtype.itemsize - 1)) if dtype.kind == "u" else zero_point
