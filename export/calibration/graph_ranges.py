"""Running an ONNX graph on calibration samples to find the range of every value in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.runtimes.running import each_onnx
from _edgeship.export.runtimes.values import Sample


def graph_ranges(onnx_bytes: bytes, samples: Sequence[Sample]) -> Ranges:
    """Return the smallest and largest number of every value; see `observe_graph`."""
    return observe_graph(onnx_bytes, samples).ranges("min-max")


def observe_graph(onnx_bytes: bytes, samples: Sequence[Sample]) -> Observed:
    """Observe every value of a graph over all samples.

    Only the values of one sample are kept at a time.

    Args:
        onnx_bytes: A serialized ``ModelProto``.
        samples: Input name -> array of the graph's type and shape.

    Returns:
        What was seen of each input and of each value that a node computes. Constants, empty values
        and values of other types than floating point are left out.

    Raises:
        InputError: The network computes NaN or infinity from a sample.
        VerificationError: ONNX Runtime refuses the graph or fails when it runs it.
    """
    import onnx

    model = onnx.load_model_from_string(onnx_bytes)
    names = [name for node in model.graph.node for name in node.output if name]
    outputs = {value.name for value in model.graph.output}
    # Without a type: ONNX Runtime infers it.
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in outputs)
    graph = model.SerializeToString()
    observed = Observed()
    for number, values in enumerate(each_onnx(graph, samples, names)):
        for name, array in {**samples[number], **dict(zip(names, values, strict=True))}.items():
            if np.issubdtype(array.dtype, np.floating) and array.size:
                observed.add(name, array, number)
    return observed
