"""Small quantized networks, as quantizers and training tools leave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
RNG = np.random.default_rng(11)
MICROSOFT = "com.microsoft"
SHAPE = (1, 3, 8, 8)

#: Name -> builds the network.
NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {}


class Graph:
    """Collects the nodes of a network with one input ``x``."""

    def __init__(self, shape: Sequence[int] = SHAPE, dtype: int = TensorProto.FLOAT) -> None:
        # The same network every time, in whatever order tests run.
        RNG.bit_generator.state = np.random.default_rng(11).bit_generator.state
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.shape, self.dtype = shape, dtype

    def const(self, data: Any, dtype: Any = None) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, dtype), name))
        return name

    def four_bits(self, data: Array, dtype: int) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, dtype, data.shape, data.ravel().tolist()))
        return name

    def op(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], domain=domain, **attributes))
        return name

    def scale(self, step: float, zero: int | None, dtype: Any = np.uint8) -> list[str]:
        step_name = self.const(step, np.float32)
        return [step_name] if zero is None else [step_name, self.const(zero, dtype)]

    def pair(self, value: str, step: float, zero: int | None = 0, dtype: Any = np.uint8) -> str:
        scale = self.scale(step, zero, dtype)
        return self.op("DequantizeLinear", self.op("QuantizeLinear", value, *scale), *scale)

    def weights(self, *shape: int, axis: int = 0, limit: int = 127) -> str:
        integers, steps = grid(*shape, axis=axis, limit=limit)
        return self.op("DequantizeLinear", self.const(integers), self.const(steps), axis=axis)

    def conv(self, x: str, weight: str, **attributes: Any) -> str:
        bias = self.const(RNG.normal(size=4) * 0.2, np.float32)
        return self.op("Conv", x, weight, bias, pads=[1, 1, 1, 1], **attributes)

    def model(self, *outputs: str, opset: int = 21) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "quantized",
            [helper.make_tensor_value_info("x", self.dtype, self.shape)],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            self.constants,
        )
        imports = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        return onnx.shape_inference.infer_shapes(model)


def grid(*shape: int, axis: int = 0, limit: int = 127) -> tuple[Array, Array]:
    """Return int8 weights, each channel with the largest magnitude, and their scales."""
    integers = RNG.integers(-limit, limit + 1, shape).astype(np.int8)
    np.moveaxis(integers, axis, 0).reshape(shape[axis], -1)[:, 0] = limit
    first = [slice(None)] * len(shape)
    for other in range(len(shape)):
        if other != axis:
            first[other] = slice(0, 1)
    integers[tuple(first)] = limit
    return integers, RNG.uniform(0.002, 0.004, shape[axis]).astype(np.float32)


def network(build: Callable[[], onnx.ModelProto]) -> Callable[[], onnx.ModelProto]:
    NETWORKS[build.__name__] = build
    return build


@network
def relu_left_out() -> onnx.ModelProto:
    g = Graph()
    y = g.pair(g.conv(g.pair("x", 0.03, 128), g.weights(4, 3, 3, 3)), 0.02)
    return g.model(g.pair(g.conv(y, g.weights(4, 4, 3, 3)), 0.03, 120))


@network
def symmetric_int8_keeps_its_relu() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 0.03, 0, np.int8), g.weights(4, 3, 3, 3))
    return g.model(g.pair(g.op("Relu", y), 0.02, 0, np.int8))


@network
def without_zero_points() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 0.03, None), g.weights(4, 3, 3, 3))
    return g.model(g.pair(y, 0.02, None), opset=13)


@network
def weights_rounded_in_training() -> onnx.ModelProto:
    g = Graph()
    weight, (_, steps) = RNG.normal(size=(4, 3, 3, 3)), grid(4)
    scale = [g.const(steps), g.const(np.zeros(4), np.int8)]
    integers = g.op("QuantizeLinear", g.const(weight, np.float32), *scale, axis=0)
    y = g.conv(g.pair("x", 0.03, 128), g.op("DequantizeLinear", integers, *scale, axis=0))
    return g.model(g.op("GlobalAveragePool", g.pair(y, 6 / 255)), opset=13)


@network
def weights_transposed_behind() -> onnx.ModelProto:
    g = Graph()
    weight = g.op("Transpose", g.weights(3, 3, 3, 4, axis=3), perm=[3, 2, 0, 1])
    y = g.op("Transpose", g.pair("x", 0.03, 128), perm=[0, 1, 3, 2])
    return g.model(g.pair(g.conv(y, weight), 0.03, 100))


@network
def batch_norm_behind() -> onnx.ModelProto:
    g = Graph()
    norm = [g.const(RNG.uniform(0.5, 1.5, 4), np.float32) for _ in range(4)]
    y = g.conv(g.pair("x", 0.03, 128), g.weights(4, 3, 3, 3))
    return g.model(g.pair(g.op("Relu", g.op("BatchNormalization", y, *norm)), 0.03))


@network
def moved_as_integers() -> onnx.ModelProto:
    g = Graph()
    scale = g.scale(0.03, 100)
    q = g.op("QuantizeLinear", "x", *scale)
    q = g.op("Pad", q, g.const([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    q = g.op("MaxPool", q, kernel_shape=[2, 2], strides=[2, 2])
    q = g.op("Concat", q, g.op("Transpose", q, perm=[0, 1, 3, 2]), axis=1)
    return g.model(g.op("Relu", g.op("DequantizeLinear", q, *scale)))


@network
def two_scales_for_one_value() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 0.03, 128), g.weights(4, 3, 3, 3))
    return g.model(g.op("Sigmoid", g.pair(g.pair(y, 0.02, 120), 0.03, 120)))


@network
def two_scales_of_which_one_cuts() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 0.03, 128), g.weights(4, 3, 3, 3))
    return g.model(g.op("Sigmoid", g.pair(g.pair(y, 0.02, 120), 0.03, 7)))


@network
def integers_of_16_bits() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 1e-4, 0, np.int16), g.weights(4, 3, 3, 3))
    return g.model(g.pair(y, 2e-4, 30000, np.uint16))


@network
def weights_in_blocks_of_4_bits() -> onnx.ModelProto:
    g = Graph((2, 64))
    integers = g.four_bits(RNG.integers(-8, 8, (64, 6)), TensorProto.INT4)
    steps = g.const(RNG.uniform(0.01, 0.1, (4, 6)), np.float32)
    weight = g.op("DequantizeLinear", integers, steps, axis=0, block_size=16)
    return g.model(g.op("MatMul", "x", weight))


@network
def weights_of_4_bits_with_zero_points() -> onnx.ModelProto:
    g = Graph((2, 64))
    integers = g.four_bits(RNG.integers(0, 16, (64, 6)), TensorProto.UINT4)
    zeros = g.four_bits(RNG.integers(0, 16, 6), TensorProto.UINT4)
    steps = g.const(RNG.uniform(0.01, 0.1, 6), np.float32)
    return g.model(g.op("MatMul", "x", g.op("DequantizeLinear", integers, steps, zeros, axis=1)))


@network
def bytes_in() -> onnx.ModelProto:
    g = Graph(dtype=TensorProto.UINT8)
    y = g.op("DequantizeLinear", "x", *g.scale(0.02, 128))
    return g.model(g.pair(g.conv(y, g.weights(4, 3, 3, 3)), 0.03, 120))


@network
def bytes_out() -> onnx.ModelProto:
    g = Graph()
    y = g.conv(g.pair("x", 0.03, 128), g.weights(4, 3, 3, 3))
    return g.model(g.op("QuantizeLinear", y, *g.scale(0.02, 0)))


@network
def of_the_oldest_operator_set() -> onnx.ModelProto:
    g = Graph()
    weight = [g.const(RNG.integers(0, 256, (4, 3, 3, 3)), np.uint8), *g.scale(0.004, 130)]
    y = g.conv(g.pair("x", 0.03, 128), g.op("DequantizeLinear", *weight))
    return g.model(g.op("GlobalAveragePool", g.pair(y, 6 / 255)), opset=10)


@network
def a_product_of_integers() -> onnx.ModelProto:
    g = Graph((2, 32))
    scale = g.scale(0.03, 100)
    weight = g.const(RNG.integers(-127, 128, (32, 6)), np.int8)
    product = g.op("MatMulInteger", g.op("QuantizeLinear", "x", *scale), weight, scale[1])
    factor = g.const(RNG.uniform(1e-4, 2e-4, 6), np.float32)
    return g.model(g.op("Mul", g.op("Cast", product, to=TensorProto.FLOAT), factor))
