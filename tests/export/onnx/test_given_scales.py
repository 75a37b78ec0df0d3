"""An .onnx of a network that was quantized before has the scales of its file again."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx.deployment import deployable
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.quantized_graphs import NETWORKS, RNG

SAMPLES = [{"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(3)]


def run(model: onnx.ModelProto) -> list[NDArray[np.float32]]:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    return [session.run(None, sample)[0] for sample in SAMPLES]


def scales(model: onnx.ModelProto) -> set[tuple[float, int]]:
    """Return the scales of activations, with zero points of the signed type."""
    data = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found = set()
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            step, zero = data[node.input[1]], data.get(node.input[2]) if node.input[2:] else None
            signed = -128 if zero is None else int(zero) - (128 if zero.dtype == np.uint8 else 0)
            found.add((float(step), signed))
    return found


@pytest.mark.parametrize(
    "name", ["relu_left_out", "symmetric_int8_keeps_its_relu", "without_zero_points"]
)
def test_it_computes_what_the_file_does(name: str) -> None:
    original = NETWORKS[name]()
    prepared = prepare(original)
    model = deployable(prepared.model)
    ranges = graph_ranges(serialize(model), SAMPLES)
    again = quantize(model, ranges, prepared.given)
    assert scales(original) <= scales(again)
    step = max(step for step, _ in scales(original))
    measured = quantize(model, ranges)
    assert not scales(original) <= scales(measured)
    for found, right in zip(run(again), run(original), strict=True):
        assert np.abs(found - right).max() <= 1.001 * step
