"""TFLite graphs whose tensors hold channels of more equal sizes (`equalization.factors`).

Factors pass through ReLU, LeakyReLU, pools, sums and depthwise convolutions (`channel_classes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.equalization.factors import ChannelSizes, Floats, Reader, best_factors
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.absorb_scales import absorb_scales
from _edgeship.export.tflite.building.graph import Op, TfliteGraph
from _edgeship.export.tflite.calibrate import float_activations
from _edgeship.export.tflite.channel_classes import ABSORBING, channel_classes
from _edgeship.export.tflite.loose_gates import gated, loosen_gates

#: Gates get inputs of their own where that makes steps as many times finer: two bits and a half.
_WORTH = 6.0


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

    Where that is worth an operator, gates get inputs of their own (`loose_gates`).

    Args:
        graph: The graph, which stays as it is.
        sizes: Tensor name -> how large its channels get. Tensors without are left out of account.
    """
    gates = gated(graph)
    if gates:
        free = _scales(loosen_gates(graph, gates), sizes)
        tied = [index for index in gates if index in free and _gained(free[index]) >= _WORTH]
        graph = loosen_gates(graph, tied)
    scales = _scales(graph, sizes)
    if not scales:
        return Equalized(graph)
    changed = frozenset(graph.tensors[index].name for index in scales)
    return Equalized(absorb_scales(graph, scales), changed)


def _gained(factors: NDArray[np.float32]) -> float:
    """Return by how much finer the steps become, on average over the channels."""
    return float(np.exp(np.log(factors).mean()))


def _scales(
    graph: TfliteGraph, sizes: Mapping[str, ChannelSizes]
) -> dict[int, NDArray[np.float32]]:
    """Return the factors of the channels of each tensor that has other ones than 1."""
    classes = channel_classes(graph)
    measured = {
        index: sizes[name] for index in classes if (name := graph.tensors[index].name) in sizes
    }
    readers = [
        Reader(classes[op.inputs[0]], measured[op.inputs[0]], weights)
        for op in graph.ops
        if op.kind in ABSORBING
        and op.inputs[0] in measured
        and (weights := _in_groups(graph, op, len(classes[op.inputs[0]]))) is not None
    ]
    count = 1 + max((int(labels.max()) for labels in classes.values()), default=0)
    factors = best_factors(count, [(classes[i], size) for i, size in measured.items()], readers)
    return {
        index: factors[labels].astype(np.float32)
        for index, labels in classes.items()
        if (factors[labels] != 1).any()
    }


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
    for number, name, values in float_activations(data, samples, io):
        if not values.size or not values.ndim or not np.isfinite(values).all():
            continue  # calibration says what is wrong with infinite ones
        own = np.abs(values) if not crops or name not in crops else np.abs(values) * crops[name]
        size = ChannelSizes.of(own.reshape(-1, values.shape[-1]))
        sizes[name] = sizes[name].joined(size, 1 / (number + 1)) if name in sizes else size
    return sizes


def _in_groups(graph: TfliteGraph, op: Op, channels: int) -> Floats | None:
    """Return constant weights as (groups, outputs, taps, inputs of each group)."""
    data = graph.tensors[op.inputs[1]].data
    if data is None:
        return None
    weights = np.asarray(data, np.float64)
    if op.kind == "DEPTHWISE_CONV_2D":
        by_channel = weights.reshape(-1, channels, weights.shape[-1] // channels)
        filters: Floats = by_channel.transpose(1, 2, 0)[:, :, :, np.newaxis]
        return filters
    groups = 1 if op.kind == "FULLY_CONNECTED" else channels // weights.shape[-1]
    grouped: Floats = weights.reshape(groups, weights.shape[0] // groups, -1, channels // groups)
    return grouped
