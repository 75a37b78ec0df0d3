"""ONNX graphs whose tensors hold channels of more equal sizes (`equalization.factors`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.equalization.absorb_scales import absorb_scales, in_groups
from _edgeship.export.equalization.channel_classes import ABSORBING, channel_classes
from _edgeship.export.equalization.factors import ChannelSizes, Labels, Reader, best_factors
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.passes.channel_moves import constant
from _edgeship.export.runtimes.running import each_onnx
from _edgeship.export.runtimes.values import Sample

#: Channels are not brought to one size on fewer samples. One that is nearly silent on a few
#: pictures would be cut off on others: calibrated on 36 views of 12 pictures, a random MobileNetV3
#: fell from 12.7 to 7.9 dB on other pictures.
FEWEST_SAMPLES = 64

#: Samples that the sizes of channels are measured on at most.
MEASURED_ON = 50


def equalized(model: ir.Model, calibration: Sequence[Sample]) -> ir.Model | None:
    """Return a graph of channels of more equal sizes; None where nothing is to be done, or known.

    Args:
        model: As for `equalize`.
        calibration: All samples of the calibration.

    Raises:
        VerificationError: ONNX Runtime refuses the graph.
    """
    if len(calibration) < FEWEST_SAMPLES:
        return None
    found = equalize(model, evenly_spaced(calibration, MEASURED_ON))
    return None if found is model else found


def equalize(model: ir.Model, samples: Sequence[Sample]) -> ir.Model:
    """Return a graph that computes the same, of channels of more equal sizes.

    Args:
        model: With static shapes, and its constants as initializers; it stays as it is.
        samples: What the sizes are measured on.

    Raises:
        VerificationError: ONNX Runtime refuses the graph.
    """
    classes = {name: labels for name, labels in channel_classes(model).items() if labels.any()}
    if not classes:
        return model
    sizes = channel_sizes(model, classes, samples)
    tensors = [(classes[name].reshape(-1), size) for name, size in sizes.items()]
    readers = [
        Reader(classes[name].reshape(-1), sizes[name], in_groups(node, weights.astype(np.float64)))
        for node in model.graph
        if node.op_type in ABSORBING
        and (name := str(node.inputs[0].name if node.inputs[0] is not None else "")) in sizes
        and (weights := constant(node.inputs[1])) is not None
    ]
    count = 1 + max(int(labels.max()) for labels in classes.values())
    factors = best_factors(count, tensors, readers)
    scales = {
        name: factors[labels] for name, labels in classes.items() if (factors[labels] != 1).any()
    }
    return absorb_scales(model, scales) if scales else model


def channel_sizes(
    model: ir.Model, classes: dict[str, Labels], samples: Sequence[Sample]
) -> dict[str, ChannelSizes]:
    """Return how large the labelled elements of values get on samples, finite ones.

    Args:
        model: The graph.
        classes: Name of a value -> the labels of its elements.
        samples: What it is run on.
    """
    import onnx

    proto = onnx.load_model_from_string(serialize(model))
    outputs = {value.name for value in proto.graph.output}
    # Without a type: ONNX Runtime infers it.
    proto.graph.output.extend(onnx.ValueInfoProto(name=n) for n in classes if n not in outputs)
    sizes: dict[str, ChannelSizes] = {}
    graph = proto.SerializeToString()
    for number, values in enumerate(each_onnx(graph, samples, list(classes)), 1):
        for name, array in zip(classes, values, strict=True):
            if not array.size or not np.isfinite(array).all():
                continue  # calibration says what is wrong with infinite ones
            own = ChannelSizes.of(_by_label(np.abs(array), classes[name]))
            sizes[name] = sizes[name].joined(own, 1 / number) if name in sizes else own
    return sizes


def _by_label(array: np.ndarray, labels: Labels) -> np.ndarray:
    """Return an array as (elements of a label, labels), these in the order of their array."""
    kept = [axis for axis in range(array.ndim) if labels.shape[axis] > 1]
    others = [axis for axis in range(array.ndim) if labels.shape[axis] == 1]
    rows: np.ndarray = array.transpose(others + kept).reshape(-1, labels.size)
    return rows
