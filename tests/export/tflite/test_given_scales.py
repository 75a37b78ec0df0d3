"""Scales, zero points and integers of a quantized file, found again in the .tflite."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from _edgeship.export.passes import rewrite
from _edgeship.export.preparation.given import Given
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.preparation.weight_grid import on_grid
from _edgeship.export.runtimes.running import run_tflite
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.given_scales import FileScales, file_scales
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.preparation.quantized_graphs import RNG, Graph, grid

Array = NDArray[Any]


def small_network() -> tuple[onnx.ModelProto, dict[str, Array]]:
    """Return a network with all that scales travel through, and what it was made of."""
    g = Graph((1, 3, 8, 8))
    weights, steps = grid(4, 3, 3, 3)
    wide, wide_steps = grid(4, 4, 3, 3)
    wide[2] //= 2  # a channel that does not use all of its range
    bias = RNG.integers(-4000, 4000, 4).astype(np.int32)
    x = g.pair("x", 0.03, 131)
    offset = g.op("DequantizeLinear", g.const(bias), g.const(np.float32(0.03) * steps), axis=0)
    weight = g.op("DequantizeLinear", g.const(weights), g.const(steps), axis=0)
    first = g.pair(g.op("Conv", x, weight, offset, pads=[1] * 4), 0.0413)
    weight = g.op("DequantizeLinear", g.const(wide), g.const(wide_steps), axis=0)
    second = g.pair(g.op("Conv", first, weight, pads=[1] * 4), 0.0671, 117)
    both = g.pair(g.op("Add", first, second), 0.0801, 99)
    joined = g.pair(g.op("Concat", both, second, axis=1), 0.0791, 98)
    pooled = g.op("MaxPool", joined, kernel_shape=[2, 2], strides=[2, 2])
    mean = g.pair(g.op("GlobalAveragePool", pooled), 0.0217, 90)
    dense, dense_steps = grid(8, 5, axis=1)
    weight = g.op("DequantizeLinear", g.const(dense), g.const(dense_steps), axis=1)
    result = g.pair(g.op("MatMul", g.op("Flatten", mean), weight), 0.0457, 133)
    made = {"weights": weights, "steps": steps, "bias": bias, "wide": wide, "dense": dense}
    return g.model(result), made


class Exported:
    """A network as an int8 .tflite with the scales of its file."""

    def __init__(self, original: onnx.ModelProto) -> None:
        prepared = prepare(original)
        assert prepared.given is not None
        self.original = original
        self.given: Given = prepared.given
        self.graph = rewrite(prepared.model)[0]
        self.lowered: Lowered = lower(self.graph)
        plain = to_bytes(to_model(self.lowered.graph, self.lowered.io, "test"))
        self.samples = [{"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(4)]
        ranges = activation_ranges(plain, self.samples, self.lowered.io)
        self.scales: FileScales = file_scales(
            from_bytes(plain), self.lowered.trace, self.given, bits=8
        )
        self.data = quantize(plain, "int8", ranges, "float32", self.scales)
        self.interpreter = Interpreter(model_content=self.data)
        self.interpreter.allocate_tensors()

    def tensors(self, dtype: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.interpreter.get_tensor_details()
        return [tensor for tensor in found if tensor["dtype"] == dtype]

    def constant(self, like: Array) -> tuple[Array, Array]:
        """Return the only constant of a type and shape, and its scales."""
        fitting = [
            tensor
            for tensor in self.tensors(like.dtype.type)
            if tuple(tensor["shape"]) == like.shape
            and len(tensor["quantization_parameters"]["scales"]) > 1
        ]
        (tensor,) = fitting
        scales: Array = tensor["quantization_parameters"]["scales"]
        return self.interpreter.get_tensor(tensor["index"]), scales

    def run(self) -> Array:
        outputs = run_tflite(self.data, self.samples, self.lowered.io)
        return np.concatenate([one[0] for one in outputs])

    def run_original(self) -> Array:
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = ort.InferenceSession(self.original.SerializeToString(), options)
        return np.concatenate([session.run(None, sample)[0] for sample in self.samples])


@pytest.fixture(scope="module")
def exported() -> Exported:
    return Exported(small_network()[0])


def test_every_scale_is_that_of_the_file(exported: Exported) -> None:
    found = {
        (np.float32(step), zero)
        for tensor in exported.tensors(np.int8)
        for step, zero in [tensor["quantization"]]
        if len(tensor["quantization_parameters"]["scales"]) == 1
    }
    steps = [0.03, 0.0413, 0.0671, 0.0801, 0.0791, 0.0217, 0.0457]
    zeros = [131, 0, 117, 99, 98, 90, 133]
    assert found == {
        (np.float32(step), zero - 128) for step, zero in zip(steps, zeros, strict=True)
    }
    assert exported.scales.measured == 0


def test_integers_of_weights_and_biases_are_kept() -> None:
    original, made = small_network()
    exported = Exported(original)
    weights, steps = exported.constant(made["weights"].transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(weights, made["weights"].transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(steps, made["steps"])
    wide, _ = exported.constant(made["wide"].transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(wide, made["wide"].transpose(0, 2, 3, 1))
    dense, _ = exported.constant(made["dense"].T)
    np.testing.assert_array_equal(dense, made["dense"].T)
    biases = [
        exported.interpreter.get_tensor(tensor["index"]).tolist()
        for tensor in exported.tensors(np.int32)
        if tuple(tensor["shape"]) == made["bias"].shape
    ]
    assert made["bias"].tolist() in biases


def test_it_computes_what_onnx_runtime_does_to_a_step(exported: Exported) -> None:
    right, found = exported.run_original(), exported.run()
    gap = np.abs(found - right) / 0.0457
    assert np.ptp(right) > 30 * 0.0457
    assert gap.max() <= 1.01
    assert (gap > 0.5).mean() < 0.3


def test_without_the_scales_it_is_further_off(exported: Exported) -> None:
    plain = to_bytes(to_model(exported.lowered.graph, exported.lowered.io, "test"))
    ranges = activation_ranges(plain, exported.samples, exported.lowered.io)
    data = quantize(plain, "int8", ranges)
    outputs = run_tflite(data, exported.samples, exported.lowered.io)
    gap = np.abs(np.concatenate([one[0] for one in outputs]) - exported.run_original())
    assert (gap / 0.0457).mean() > (
        np.abs(exported.run() - exported.run_original()) / 0.0457
    ).mean()


@pytest.mark.parametrize("negative", [False, True])
def test_a_batch_norm_leaves_weights_on_a_grid(negative: bool) -> None:
    g = Graph((1, 3, 8, 8))
    integers, steps = grid(4, 3, 3, 3)
    factors = RNG.uniform(0.5, 1.5, 4) * (-1 if negative else 1)
    norm = [g.const(values, np.float32) for values in (factors, [0.1] * 4, [0.2] * 4, [0.9] * 4)]
    weight = g.op("DequantizeLinear", g.const(integers), g.const(steps), axis=0)
    y = g.op("Conv", g.pair("x", 0.03, 131), weight, pads=[1] * 4)
    y = g.op("BatchNormalization", y, *norm, epsilon=0.0)
    exported = Exported(g.model(g.pair(g.op("Relu", y), 0.02, 0)))
    found, _ = exported.constant(integers.transpose(0, 2, 3, 1))
    sign = -1 if negative else 1
    np.testing.assert_array_equal(found, sign * integers.transpose(0, 2, 3, 1))


def test_weights_beyond_int8_are_rounded_by_channel_and_said() -> None:
    weight = np.array([[-128, 5], [200, -57], [0, 0], [-127, 3]], np.float32) * 0.01
    found = on_grid(weight, 0, np.array([0.01], np.float32))
    assert found.clipped == 1
    assert found.rounded == 1
    np.testing.assert_array_equal(found.integers, [[-127, 5], [127, -36], [0, 0], [-127, 3]])
    np.testing.assert_allclose(found.steps, [0.01, 2.0 / 127, 0.01, 0.01], rtol=1e-6)


def test_a_coarser_grid_is_found_without_its_step() -> None:
    weight = np.array([[3, -9, 126]], np.float32) * np.float32(0.0173)
    found = on_grid(weight, 0, np.zeros(0, np.float32))
    assert found.rounded == 0
    np.testing.assert_array_equal(found.integers, [[1, -3, 42]])


def test_16_bits_take_no_scale_of_8(exported: Exported) -> None:
    plain = to_bytes(to_model(exported.lowered.graph, exported.lowered.io, "test"))
    scales = file_scales(from_bytes(plain), exported.lowered.trace, exported.given, bits=16)
    assert not scales.activations
    assert "ranges measured" in scales.in_words
