"""Channels of one tensor brought to ranges of one size, before 8 bits are to hold them all.

An activation has one scale for all its channels, so one large channel takes the steps from all
others. Where a convolution follows, a channel can be made larger by a factor and the weights that
read it smaller by the same, through ReLU, LeakyReLU, pools, sums and depthwise convolutions
(cross-layer equalization: Nagel et al., "Data-Free Quantization Through Weight Equalization and
Bias Correction", 2019). What is chosen here is the factor of least noise: larger channels lose less
when they are rounded, and smaller weights more, since they share a scale with those of the other
channels. A depthwise convolution has a scale per channel, and loses nothing.

All factors are 1 or more, and no channel grows beyond the largest of its tensor: so no range of
activations becomes wider, and none of weights. Channels that hardly ever differ from zero grow by
2^20 at most. Factors that are powers of two would not even change the last bit of the float
network, but left 2 to 3 dB less of EffNet than those of least noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.absorb_scales import absorb_scales
from _edgeship.export.tflite.building.graph import Op, TfliteGraph
from _edgeship.export.tflite.calibrate import float_activations
from _edgeship.export.tflite.channel_classes import ABSORBING, FIXED, Labels, channel_classes

Floats = NDArray[np.float64]

#: How often factors are chosen anew, given what the others leave of all ranges.
_ROUNDS = 4

#: The largest factor.
_LARGEST = 2.0**20

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


@dataclass(frozen=True)
class Equalized:
    """A graph with channels of other sizes.

    Attributes:
        graph: It; computes what the given one does.
        changed: Names of the activations that have other values than before.
    """

    graph: TfliteGraph
    changed: frozenset[str] = field(default_factory=frozenset)


def equalize(graph: TfliteGraph, sizes: Mapping[str, ChannelSizes]) -> Equalized:
    """Return a graph whose tensors hold channels of more equal sizes.

    Args:
        graph: The graph, which stays as it is.
        sizes: Tensor name -> how large its channels get. Tensors without are left out of account.
    """
    classes = channel_classes(graph)
    factors = _factors(graph, classes, sizes)
    scales = {
        index: factors[labels].astype(np.float32)
        for index, labels in classes.items()
        if (factors[labels] != 1).any()
    }
    if not scales:
        return Equalized(graph)
    changed = frozenset(graph.tensors[index].name for index in scales)
    return Equalized(absorb_scales(graph, scales), changed)


def channel_sizes(
    data: bytes,
    samples: Sequence[Sample],
    io: FileIO,
    crops: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, ChannelSizes]:
    """Return how large each channel of each activation gets on samples.

    Args:
        data: The float32 file.
        samples: Input name -> array in ONNX order.
        io: The file's inputs.
        crops: Name of a tensor -> which of its elements count, where not all of them do.
    """
    sizes: dict[str, ChannelSizes] = {}
    for _, name, values in float_activations(data, samples, io):
        if not values.size or not values.ndim or not np.isfinite(values).all():
            continue  # calibration says what is wrong with infinite ones
        own = np.abs(values) if not crops or name not in crops else np.abs(values) * crops[name]
        rows = own.reshape(-1, values.shape[-1])
        largest = rows.max(axis=0).astype(np.float64)
        power = np.square(rows, dtype=np.float64).mean(axis=0) / len(samples)
        if name in sizes:
            sizes[name].largest = np.maximum(sizes[name].largest, largest)
            sizes[name].power += power
        else:
            sizes[name] = ChannelSizes(largest, power)
    return sizes


def _factors(
    graph: TfliteGraph, classes: Mapping[int, Labels], sizes: Mapping[str, ChannelSizes]
) -> Floats:
    """Return the factor of each class, by its number; 1 for those that are to stay."""
    count = 1 + max((int(labels.max()) for labels in classes.values()), default=0)
    limits = _limits(graph, classes, sizes, count)
    readers = [
        (op, classes[op.inputs[0]], sizes[graph.tensors[op.inputs[0]].name])
        for op in graph.ops
        if op.kind in ABSORBING
        and op.inputs[0] in classes
        and graph.tensors[op.inputs[0]].name in sizes
        and graph.tensors[op.inputs[1]].data is not None
    ]
    factors = np.ones(count)
    for _ in range(_ROUNDS):
        of_activations, of_weights = np.zeros(count), np.zeros(count)
        for op, labels, size in readers:
            rounding, weights = _noise(graph, op, factors[labels], size)
            np.add.at(of_activations, labels, rounding)
            np.add.at(of_weights, labels, weights)
        # Noise is of_activations / f^2 + of_weights * f^2, least where both are equal.
        with np.errstate(divide="ignore", invalid="ignore"):
            best = (of_activations / of_weights) ** 0.25
        best[np.isnan(best)] = 1.0
        factors = np.clip(best, 1.0, limits)
        factors[FIXED] = 1.0
    return factors


def _limits(
    graph: TfliteGraph, classes: Mapping[int, Labels], sizes: Mapping[str, ChannelSizes], count: int
) -> Floats:
    """Return the factor that makes a class as large as the largest channel beside it."""
    shares = np.zeros(count)
    for index, labels in classes.items():
        size = sizes.get(graph.tensors[index].name)
        if size is not None and size.largest.max() > 0:
            np.maximum.at(shares, labels, size.largest / size.largest.max())
    limits = np.ones(count)
    seen = shares > 0
    limits[seen] = np.minimum(1 / shares[seen], _LARGEST)
    return limits


def _noise(
    graph: TfliteGraph, op: Op, factors: Floats, size: ChannelSizes
) -> tuple[Floats, Floats]:
    """Return the noise in an operator's outputs by each channel that it reads.

    Args:
        graph: The graph.
        op: The operator.
        factors: Of the channels that it reads.
        size: Of these channels, without the factors.

    Returns:
        Summed over all outputs, the squared errors since the channel is rounded, at the scale that
        its tensor has with the factors but as if its own factor were 1, and since the weights that
        multiply it are, likewise.
    """
    weights, channels = np.asarray(graph.tensors[op.inputs[1]].data, np.float64), len(factors)
    step = (size.largest * factors).max() / _STEPS
    if op.kind == "DEPTHWISE_CONV_2D":
        squares = np.square(weights).reshape(-1, channels, weights.shape[-1] // channels)
        return squares.sum(axis=(0, 2)) * step**2, np.zeros(channels)
    groups = 1 if op.kind == "FULLY_CONNECTED" else channels // weights.shape[-1]
    # Groups, outputs of each, taps, and channels that each group reads.
    weights = weights.reshape(groups, weights.shape[0] // groups, -1, channels // groups)
    scaled = np.abs(weights / factors.reshape(groups, 1, 1, -1))
    steps = scaled.max(axis=(2, 3)) / _WEIGHT_STEPS
    per_group = np.square(steps).sum(axis=1) * weights.shape[2]
    rounded = np.repeat(per_group, channels // groups) * size.power
    return np.square(weights).sum(axis=(1, 2)).reshape(-1) * step**2, rounded
