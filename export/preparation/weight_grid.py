"""Weights that lie on the grid of a file quantized before: their integers, found again.

Between the file and the rewritten graph, weights are transposed, permuted and multiplied by what a
batch norm does to a channel. None of this takes a channel off its grid: all its weights are whole
multiples of one step. So the step is looked for, first among the scales of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The largest magnitude of an integer in symmetric int8.
_LARGEST = 127

#: How far a weight may be from a multiple of the step: float32 rounded it twice.
_NEAR = 1e-3


@dataclass(frozen=True)
class GridWeight:
    """A weight tensor, counted in steps.

    Attributes:
        integers: int8, of the tensor's shape.
        steps: Scale of each output channel.
        rounded: How many channels lie on no grid of 8 bits, and were rounded to one.
        clipped: How many integers were -128.
        axis: Of the output channels.
    """

    integers: NDArray[np.int8]
    steps: NDArray[np.float32]
    rounded: int
    clipped: int
    axis: int

    @property
    def bounds(self) -> NDArray[np.float32]:
        """What 127 stands for in each channel, of the tensor's rank."""
        return self.along(self.steps * np.float32(_LARGEST))

    def along(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of the channels in a shape that broadcasts to the tensor's."""
        extents = [-1 if axis == self.axis else 1 for axis in range(self.integers.ndim)]
        return values.reshape(extents)


def on_grid(weight: NDArray[Any], axis: int, known: NDArray[np.float32]) -> GridWeight:
    """Count a weight tensor in steps.

    Args:
        weight: float32.
        axis: Of the output channels.
        known: Scales that the channels may have, sorted.
    """
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    steps = np.full(len(rows), np.nan, np.float32)
    for number, row in enumerate(rows):
        steps[number] = _step(row, known)
    foreign = np.isnan(steps)
    magnitudes = np.abs(rows).max(1)
    steps[foreign] = magnitudes[foreign] / _LARGEST
    # A channel of zeros has what its bias is counted in from the others.
    zeros = magnitudes == 0.0
    steps[zeros] = steps[~zeros].min(initial=1.0)
    counts = np.rint(rows / steps[:, None])
    clipped = int((counts < -_LARGEST).sum())
    limited = np.clip(counts, -_LARGEST, _LARGEST).astype(np.int8)
    moved = np.moveaxis(weight, axis, 0).shape
    integers = np.moveaxis(limited.reshape(moved), 0, axis)
    return GridWeight(integers, steps, int((foreign & ~zeros).sum()), clipped, axis)


def _step(row: NDArray[np.float32], known: NDArray[np.float32]) -> float:
    """Return the step of one channel, the largest that fits, or NaN."""
    largest = float(np.abs(row).max())
    if largest == 0.0:
        return float("nan")
    multiples = largest / known.astype(np.float64)
    whole = (np.abs(multiples - np.rint(multiples)) < _NEAR) & (np.rint(multiples) >= 1)
    candidates = [float(step) for step in known[whole][::-1]]
    candidates += [largest / count for count in range(1, _LARGEST + 2)]
    few = row[:16]
    for step in candidates:
        if _fits(few, step) and _fits(row, step):
            return step
    return float("nan")


def _fits(row: NDArray[np.float32], step: float) -> bool:
    """Return whether all numbers are multiples of a step that 8 bits can count."""
    counts = row.astype(np.float64) / step
    rounded = np.rint(counts)
    return bool(
        (np.abs(counts - rounded) < _NEAR).all()
        and rounded.max() <= _LARGEST
        and rounded.min() >= -_LARGEST - 1
    )
