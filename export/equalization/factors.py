"""By which factors channels are multiplied before 8 bits are to hold all of a tensor.

An activation has one scale for all its channels, so one large channel takes the steps from all
others. Where a convolution follows, a channel can be made larger by a factor and the weights that
read it smaller by the same (cross-layer equalization: Nagel et al., "Data-Free Quantization Through
Weight Equalization and Bias Correction", 2019). What is chosen here is the factor of least noise:
larger channels lose less when they are rounded, and smaller weights more, since they share a scale
with those of the other channels. A depthwise convolution has a scale per channel, and loses
nothing.

All factors are 1 or more, and no channel grows beyond the largest of its tensor: so no range of
activations becomes wider, and none of weights. Channels that hardly ever differ from zero grow by
2^40 at most. Factors that are powers of two would not even change the last bit of the float
network, but left 2 to 3 dB less of EffNet than those of least noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

#: The class of channels that keep their scale.
FIXED = 0

#: How often factors are chosen anew, given what the others leave of all ranges.
_ROUNDS = 4

#: The largest factor.
_LARGEST = 2.0**40

#: Steps of an activation's range, and of a weight's from zero to the largest.
_STEPS, _WEIGHT_STEPS = 255, 127


@dataclass
class ChannelSizes:
    """How large each channel of a tensor gets.

    Attributes:
        largest: The largest magnitude, per channel.
        power: The mean of squares over all samples, per channel.
    """

    largest: Floats
    power: Floats

    @classmethod
    def of(cls, rows: Floats | NDArray[np.float32]) -> ChannelSizes:
        """Return those of magnitudes (elements, channels)."""
        largest = rows.max(axis=0).astype(np.float64)
        return cls(largest, np.square(rows, dtype=np.float64).mean(axis=0))

    def joined(self, other: ChannelSizes, share: float) -> ChannelSizes:
        """Return those over both, where the other ones are a ``share`` of all samples."""
        power = self.power + share * (other.power - self.power)
        return ChannelSizes(np.maximum(self.largest, other.largest), power)


@dataclass(frozen=True)
class Reader:
    """What computes with a tensor by weights that can undo scales of its channels.

    Attributes:
        labels: Class of each channel, (C,).
        size: How large they get.
        weights: (groups, outputs of each, taps, channels that each reads); C = groups * channels.
    """

    labels: Labels
    size: ChannelSizes
    weights: Floats


def best_factors(
    count: int, tensors: Sequence[tuple[Labels, ChannelSizes]], readers: Sequence[Reader]
) -> Floats:
    """Return the factor of each class, by its number; 1 for those that are to stay.

    Args:
        count: Of the classes.
        tensors: Classes of the channels of every tensor, and how large these get.
        readers: What computes with them.
    """
    limits = _limits(count, tensors)
    factors = np.ones(count)
    for _ in range(_ROUNDS):
        of_activations, of_weights = np.zeros(count), np.zeros(count)
        for reader in readers:
            rounding, weights = _noise(reader, factors[reader.labels])
            np.add.at(of_activations, reader.labels, rounding)
            np.add.at(of_weights, reader.labels, weights)
        # Noise is of_activations / f^2 + of_weights * f^2, least where both are equal.
        with np.errstate(divide="ignore", invalid="ignore"):
            best = (of_activations / of_weights) ** 0.25
        best[np.isnan(best)] = 1.0
        factors = np.clip(best, 1.0, limits)
        factors[FIXED] = 1.0
    return factors


def _limits(count: int, tensors: Sequence[tuple[Labels, ChannelSizes]]) -> Floats:
    """Return the factor that makes a class as large as the largest channel beside it."""
    shares = np.zeros(count)
    for labels, size in tensors:
        if size.largest.max() > 0:
            np.maximum.at(shares, labels, size.largest / size.largest.max())
    limits = np.ones(count)
    seen = shares > 0
    limits[seen] = np.minimum(1 / shares[seen], _LARGEST)
    return limits


def _noise(reader: Reader, factors: Floats) -> tuple[Floats, Floats]:
    """Return the noise in what a reader computes, by each channel that it reads.

    Args:
        reader: What computes with the channels.
        factors: Of these.

    Returns:
        Summed over all outputs, the squared errors since the channel is rounded, at the scale that
        its tensor has with the factors but as if its own factor were 1, and since the weights that
        multiply it are, likewise.
    """
    weights, channels = reader.weights, len(factors)
    groups, _, taps, own = weights.shape
    step = (reader.size.largest * factors).max() / _STEPS
    rounding = np.square(weights).sum(axis=(1, 2)).reshape(-1) * step**2
    if own == 1:  # each has a scale of its own
        return rounding, np.zeros(channels)
    scaled = np.abs(weights / factors.reshape(groups, 1, 1, -1))
    steps = scaled.max(axis=(2, 3)) / _WEIGHT_STEPS
    per_group = np.square(steps).sum(axis=1) * taps
    return rounding, np.repeat(per_group, own) * reader.size.power
