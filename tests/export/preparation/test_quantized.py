"""Quantized files become a float network and scales, which together compute what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.preparation.given import Given
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.preparation.quantized import take_scales
from _edgeship.export.preparation.requantized import confirm, requantize
from tests.export.preparation.quantized_graphs import NETWORKS, RNG, Graph

TWICE = "two_scales_for_one_value"


def run(model: onnx.ModelProto, x: Any) -> list[Any]:
    """Run every node as it stands: fused kernels round otherwise."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return list(ort.InferenceSession(model.SerializeToString(), options).run(None, {"x": x}))


def fed(model: onnx.ModelProto) -> Any:
    port = model.graph.input[0].type.tensor_type
    shape = [dim.dim_value for dim in port.shape.dim]
    if port.elem_type == onnx.TensorProto.UINT8:
        return RNG.integers(0, 256, shape).astype(np.uint8)
    return RNG.normal(size=shape).astype(np.float32) * 2


def taken(name: str) -> tuple[onnx.ModelProto, ir.Model, Given]:
    original = NETWORKS[name]()
    prepared = prepare(original)
    assert prepared.given is not None
    return original, prepared.model, prepared.given


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {TWICE}))
def test_rounded_again_the_network_computes_what_the_file_does(name: str) -> None:
    original, model, given = taken(name)
    x = fed(original)
    for found, right in zip(
        run(ir.to_proto(requantize(model, given)), x), run(original, x), strict=True
    ):
        assert found.dtype == right.dtype
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"bytes_in", "bytes_out"}))
def test_no_conversion_is_left(name: str) -> None:
    _, model, _ = taken(name)
    assert not [node.op_type for node in model.graph if "Linear" in node.op_type]
    assert not [node.op_type for node in model.graph if "Integer" in node.op_type]


@pytest.mark.parametrize(
    ("name", "zero_points", "bits"),
    [
        ("relu_left_out", [0, -128, -8], 8),
        ("symmetric_int8_keeps_its_relu", [0, 0], 8),
        ("without_zero_points", [-128, -128], 8),
        ("bytes_in", [-8], 8),
        ("bytes_out", [0, -128], 8),
        ("integers_of_16_bits", [0, -2768], 16),
        (TWICE, [0, -8], 8),
        ("two_scales_of_which_one_cuts", [0, -8, -121], 8),
        ("weights_in_blocks_of_4_bits", [], 8),
    ],
)
def test_zero_points_are_those_of_the_signed_type(
    name: str, zero_points: list[int], bits: int
) -> None:
    _, model, given = taken(name)
    assert [scale.zero_point for scale in given.activations.values()] == zero_points
    assert {scale.bits for scale in given.activations.values()} <= {bits}
    values = {value.name for value in model.graph.inputs}
    values.update(output.name for node in model.graph for output in node.outputs)
    assert set(given.activations) <= values


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("relu_left_out", ["Conv", "Relu", "Conv"]),
        ("weights_rounded_in_training", ["Conv", "Clip", "GlobalAveragePool"]),
        ("of_the_oldest_operator_set", ["Conv", "Clip", "GlobalAveragePool"]),
        ("symmetric_int8_keeps_its_relu", ["Conv", "Relu"]),
        ("batch_norm_behind", ["Conv", "BatchNormalization", "Relu"]),
        ("a_product_of_integers", ["MatMul"]),
    ],
)
def test_a_range_that_begins_at_zero_was_a_relu(name: str, operators: list[str]) -> None:
    _, model, _ = taken(name)
    assert [node.op_type for node in model.graph] == operators


def test_a_value_rounded_twice_by_a_wide_range_keeps_the_first_scale() -> None:
    original, model, given = taken(TWICE)
    assert given.dropped == 1
    x = fed(original)
    found, right = (run(one, x)[0] for one in (ir.to_proto(requantize(model, given)), original))
    assert np.abs(found - right).max() <= 0.03 / 2 / 4 + 1e-5  # a sigmoid of half a step


def test_a_float_network_is_left_alone() -> None:
    g = Graph()
    model = infer_shapes(ir.from_proto(g.model(g.op("Relu", "x"))))
    assert take_scales(model) is None
    assert [node.op_type for node in model.graph] == ["Relu"]


def test_scales_of_values_that_rewrites_change_are_given_up() -> None:
    _, model, given = taken("relu_left_out")
    other = model.clone()
    conv = next(node for node in other.graph if node.op_type == "Conv")
    bias = conv.inputs[2]
    assert bias is not None and bias.const_value is not None
    bias.const_value = ir.tensor(bias.const_value.numpy() + 1.0, name=bias.name)
    sample = {"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)}
    kept, lost = confirm(given, model, model, [sample])
    assert (kept.activations, lost) == (given.activations, 0)
    kept, lost = confirm(given, model, other, [sample])
    assert lost == 2
    assert list(kept.activations) == ["x"]
