"""Operators on integers, each against ONNX Runtime's kernel for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest

from _edgeship.errors import InputError
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.preparation.requantized import requantize
from tests.export.preparation.quantized_graphs import MICROSOFT, RNG, SHAPE, Graph, grid

NETWORKS: dict[str, onnx.ModelProto] = {}
OUT = (0.04, 110)


def network(name: str, operator: str, *, scales: int = 1, **attributes: Any) -> None:
    """Enter the network Q -> operator -> DQ, whose operator reads ``scales`` times its input."""
    g = Graph(SHAPE)
    q = [g.op("QuantizeLinear", "x", *(scale := g.scale(0.03, 128))), *scale]
    result = g.scale(*OUT)
    y = g.op(operator, *q * scales, *result, domain=MICROSOFT, **attributes)
    NETWORKS[name] = g.model(g.op("DequantizeLinear", y, *result))


network("add", "QLinearAdd", scales=2)
network("mul", "QLinearMul", scales=2)
network("sigmoid", "QLinearSigmoid")
network("leaky relu", "QLinearLeakyRelu", alpha=0.1)
network("softmax", "QLinearSoftmax", axis=-1, opset=13)
network("old softmax", "QLinearSoftmax", axis=2, opset=11)
network("global pool", "QLinearGlobalAveragePool")
network("pool", "QLinearAveragePool", kernel_shape=[2, 2], strides=[2, 2])
network("pool, channels last", "QLinearGlobalAveragePool", channels_last=1)


def concat() -> onnx.ModelProto:
    g = Graph()
    first, second, out = g.scale(0.03, 128), g.scale(0.05, 3), g.scale(*OUT)
    a = g.op("QuantizeLinear", g.op("Neg", "x"), *first)
    b = g.op("QuantizeLinear", g.op("Abs", "x"), *second)
    y = g.op("QLinearConcat", *out, a, *first, b, *second, domain=MICROSOFT, axis=1)
    return g.model(g.op("DequantizeLinear", y, *out))


def conv() -> onnx.ModelProto:
    g = Graph()
    scale, out = g.scale(0.03, 128), g.scale(0.02, 0)
    integers, steps = grid(4, 3, 3, 3)
    weight = [g.const(integers), g.const(steps), g.const(np.zeros(4), np.int8)]
    bias = g.const(RNG.integers(-900, 900, 4), np.int32)
    q = g.op("QuantizeLinear", "x", *scale)
    y = g.op("QLinearConv", q, *scale, *weight, *out, bias, pads=[1, 1, 1, 1])
    return g.model(g.op("DequantizeLinear", y, *out))


def matmul() -> onnx.ModelProto:
    g = Graph((2, 12))
    scale, out = g.scale(0.03, 128), g.scale(*OUT)
    weight = [g.const(RNG.integers(0, 256, (12, 5)), np.uint8), *g.scale(0.01, 131)]
    y = g.op("QLinearMatMul", g.op("QuantizeLinear", "x", *scale), *scale, *weight, *out)
    return g.model(g.op("DequantizeLinear", y, *out))


def gemm(to_float: bool) -> onnx.ModelProto:
    g = Graph((2, 12))
    scale, out = g.scale(0.03, 128), g.scale(*OUT)
    integers, steps = grid(5, 12)
    weight = [g.const(integers), g.const(steps), g.const(np.zeros(5), np.int8)]
    bias = g.const(RNG.integers(-900, 900, 5), np.int32)
    q = g.op("QuantizeLinear", "x", *scale)
    rest = [] if to_float else out
    y = g.op("QGemm", q, *scale, *weight, bias, *rest, domain=MICROSOFT, transB=1)
    return g.model(y if to_float else g.op("DequantizeLinear", y, *out))


NETWORKS |= {
    "concat": concat(),
    "conv": conv(),
    "matmul": matmul(),
    "gemm": gemm(to_float=False),
    "gemm to float": gemm(to_float=True),
}


def run(model: onnx.ModelProto, x: Any) -> Any:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    (result,) = session.run(None, {"x": x})
    return result


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_between_conversions_it_computes_what_the_kernel_does(name: str) -> None:
    original = NETWORKS[name]
    prepared = prepare(original)
    assert prepared.given is not None
    domains = {node.domain for node in prepared.model.graph}
    assert domains <= {""}
    shape = [dim.dim_value for dim in original.graph.input[0].type.tensor_type.shape.dim]
    x = RNG.normal(size=shape).astype(np.float32) * 1.5
    right = run(original, x)
    found = run(ir.to_proto(requantize(prepared.model, prepared.given)), x)
    assert found.shape == right.shape
    gap = np.abs(found - right) / OUT[0]
    assert gap.max() <= 1.001, "kernels round halves their own way, by one step"
    assert (gap > 0.5).mean() < 0.1
    assert np.ptp(right) > 3 * OUT[0]


@pytest.mark.parametrize("weights", [np.int8, np.uint8])
@pytest.mark.parametrize("form", ["product", "one after the other", "fused", "with scales"])
def test_what_is_quantized_at_run_time_becomes_float(weights: Any, form: str) -> None:
    g = Graph((2, 32))
    info = np.iinfo(weights)
    integers = RNG.integers(info.min, info.max + 1, (32, 6)).astype(weights)
    zero, steps = (120 if weights == np.uint8 else 0), RNG.uniform(0.002, 0.004, 6)
    b, z, s = g.const(integers), g.const(zero, weights), g.const(steps, np.float32)
    if form == "fused":
        y = g.op("DynamicQuantizeMatMul", "x", b, g.const(0.003, np.float32), z, domain=MICROSOFT)
        steps = np.full(6, 0.003)
    else:
        names = [f"d{number}" for number in range(3)]
        g.nodes.append(onnx.helper.make_node("DynamicQuantizeLinear", ["x"], names))
        if form == "with scales":
            one, steps = g.const(0.003, np.float32), np.full(6, 0.003)
            y = g.op(
                "MatMulIntegerToFloat", names[0], b, names[1], one, names[2], z, domain=MICROSOFT
            )
        else:
            product = g.op("MatMulInteger", names[0], b, names[2], z)
            y = g.op("Cast", product, to=onnx.TensorProto.FLOAT)
            if form == "product":
                y = g.op("Mul", y, g.op("Mul", names[1], s))
            else:
                y = g.op("Mul", g.op("Mul", y, names[1]), s)
    prepared = prepare(g.model(y))
    assert [node.op_type for node in prepared.model.graph] == ["MatMul"]
    assert prepared.given is not None
    np.testing.assert_array_equal(prepared.given.weight_steps, np.unique(steps.astype(np.float32)))
    weight = prepared.model.graph[0].inputs[1]
    assert weight is not None
    assert weight.const_value is not None
    real = (integers.astype(np.float64) - zero) * steps
    np.testing.assert_allclose(weight.const_value.numpy(), real, rtol=1e-6)
    x = RNG.normal(size=(2, 32)).astype(np.float32)
    right, found = run(g.model(y), x), run(ir.to_proto(prepared.model), x)
    step = np.ptp(np.append(x, 0.0)) / 255
    # Each activation is rounded by half a step at most.
    assert (np.abs(found - right) <= step / 2 * np.abs(real).sum(0) + 1e-4).all()


@pytest.mark.parametrize("per_column", [False, True])
def test_a_recurrent_network_quantized_at_run_time(per_column: bool) -> None:
    hidden, inputs = 4, 5
    g = Graph((6, 1, inputs))
    count = 4 * hidden if per_column else 1
    given: list[str] = []
    real = []
    for extent in (inputs, hidden):
        integers = RNG.integers(-127, 128, (1, extent, 4 * hidden)).astype(np.int8)
        steps = RNG.uniform(0.002, 0.004, (1, count)).astype(np.float32)
        steps = steps if per_column else steps.reshape(1)
        real.append((integers * steps.reshape(1, 1, -1)).transpose(0, 2, 1))
        zeros = np.zeros_like(steps, np.int8)
        given += [g.const(integers), g.const(steps), g.const(zeros)]
    bias = g.const(RNG.normal(size=(1, 8 * hidden)) * 0.1, np.float32)
    w, ws, wz, r, rs, rz = given
    read = ["x", w, r, bias, "", "", "", "", ws, wz, rs, rz]
    y = g.op("DynamicQuantizeLSTM", *read, domain=MICROSOFT, hidden_size=hidden)
    prepared = prepare(g.model(y))
    (lstm,) = prepared.model.graph
    assert (lstm.op_type, lstm.domain) == ("LSTM", "")
    for found, right in zip(lstm.inputs[1:3], real, strict=True):
        assert found is not None
        assert found.const_value is not None
        np.testing.assert_allclose(found.const_value.numpy(), right, rtol=1e-6)
    x = RNG.normal(size=(6, 1, inputs)).astype(np.float32)
    right, found = run(g.model(y), x), run(ir.to_proto(prepared.model), x)
    assert np.abs(found - right).max() < 0.01
    assert np.ptp(right) > 0.3


def test_scales_that_do_not_fit_are_named() -> None:
    g = Graph()
    weight = [g.const(np.ones((4, 3, 3, 3)), np.int8), g.const(np.ones(5), np.float32)]
    y = g.op("Conv", "x", g.op("DequantizeLinear", *weight, axis=0), pads=[1] * 4)
    with pytest.raises(InputError) as caught:
        prepare(g.model(y))
    assert "DequantizeLinear dequantizelinear0" in caught.value.what
    assert caught.value.todo
