from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.rounded_weights import (
    round_weights,
    rounded_parity,
    to_8_bits,
)


def network(op: str, weight: np.ndarray, shape: list[int], **attributes: object) -> ir.Model:
    """One operator with a weight."""
    graph = helper.make_graph(
        [helper.make_node(op, ["x", "w"], ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    return ir.from_proto(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    )


def stored(data: bytes) -> np.ndarray:
    model = ir.from_proto(ir.serde.onnx.load_model_from_string(data))
    value = model.graph.initializers["w"].const_value
    assert value is not None
    return value.numpy()


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_each_channel_has_127_steps_of_its_own(axis: int) -> None:
    weight = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    scales = 10.0 ** np.arange(weight.shape[axis])
    weight = np.moveaxis(np.moveaxis(weight, axis, -1) * scales, -1, axis).astype(np.float32)
    rounded = to_8_bits(weight, axis)
    for own, after in zip(np.moveaxis(weight, axis, 0), np.moveaxis(rounded, axis, 0), strict=True):
        step = np.abs(own).max() / 127
        np.testing.assert_allclose(after / step, np.rint(own / step), atol=1e-4)
        assert not np.array_equal(own, after)


def test_zero_channels_stay_zero() -> None:
    assert not to_8_bits(np.zeros((3, 4), np.float32), 0).any()


@pytest.mark.parametrize(
    ("op", "weight", "shape", "axis", "attributes"),
    [
        ("Conv", (6, 3, 3, 3), [1, 3, 8, 8], 0, {}),
        ("ConvTranspose", (3, 6, 3, 3), [1, 3, 8, 8], 1, {}),
        ("MatMul", (5, 7), [2, 5], 1, {}),
        ("Gemm", (5, 7), [2, 5], 1, {}),
        ("Gemm", (7, 5), [2, 5], 0, {"transB": 1}),
    ],
)
def test_the_axis_of_the_channels_is_the_operators(
    op: str, weight: tuple[int, ...], shape: list[int], axis: int, attributes: dict[str, object]
) -> None:
    values = np.random.default_rng(1).standard_normal(weight).astype(np.float32)
    rounded = stored(round_weights(network(op, values, shape, **attributes)))
    np.testing.assert_array_equal(rounded, to_8_bits(values, axis))
    assert not np.array_equal(rounded, to_8_bits(values, 1 - axis))


def test_what_is_no_weight_is_left_alone() -> None:
    values = np.linspace(0.1, 0.7, 8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_array_equal(stored(round_weights(network("Mul", values, [2, 4]))), values)


def test_the_parity_is_that_of_the_rounded_network() -> None:
    rng = np.random.default_rng(2)
    weight = rng.standard_normal((16, 64)).astype(np.float32)
    model = network("Gemm", weight, [1, 64], transB=1)
    samples = [{"x": rng.standard_normal((1, 64)).astype(np.float32)} for _ in range(4)]
    reference = run_onnx(ir.to_proto(model).SerializeToString(), samples)
    # Uniform noise of one step squared over 12; the step is the largest of 64 normal numbers, over
    # 127: near 2.4 / 127. That is 43 dB, and a little more or less for these weights.
    assert rounded_parity(model, samples, reference).sqnr_db == pytest.approx(43, abs=3)


def test_rounding_nothing_is_infinitely_good() -> None:
    weight = np.sign(np.random.default_rng(3).standard_normal((4, 8))).astype(np.float32)
    model = network("Gemm", weight, [1, 8], transB=1)
    samples = [{"x": np.ones((1, 8), np.float32)}]
    reference = run_onnx(ir.to_proto(model).SerializeToString(), samples)
    assert rounded_parity(model, samples, reference).sqnr_db == math.inf
