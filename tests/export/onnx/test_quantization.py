"""What the int8 file holds, number by number."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, numpy_helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.optimized import float_operators, run_optimized
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.metrics import compare
from tests.export.onnx.graphs import expected, graph, int8_file, node, normal, samples

_X = {"x": (1, 4, 6, 6)}


class _File:
    """A file, with the constants and nodes behind its values."""

    def __init__(self, data: bytes) -> None:
        self.model = onnx.load_model_from_string(data)
        self.constants = {
            one.name: numpy_helper.to_array(one) for one in self.model.graph.initializer
        }
        self.makers = {name: one for one in self.model.graph.node for name in one.output}

    def nodes(self, op: str) -> list[NodeProto]:
        return [one for one in self.model.graph.node if one.op_type == op]

    def affine(self, name: str) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """Return scale and zero point of what QuantizeLinear or DequantizeLinear returns."""
        _, scale, zero_point = self.makers[name].input
        return self.constants[scale], self.constants[zero_point]

    def quantized_as(self, name: str) -> tuple[float, int]:
        """Return scale and zero point that a value is quantized with."""
        [one] = [n for n in self.nodes("QuantizeLinear") if n.input[0] == name]
        scale, zero_point = self.affine(one.output[0])
        return float(scale), int(zero_point)


def _weights(data: bytes, op: str) -> tuple[NDArray[np.int8], NDArray[np.float32], int]:
    """Return the integers, scales and axis of the only node of an operator."""
    file = _File(data)
    [one] = file.nodes(op)
    maker = file.makers[one.input[1]]
    scale, zero_point = file.affine(one.input[1])
    assert not np.any(zero_point)
    [axis] = [attribute.i for attribute in maker.attribute] or [-1]
    return file.constants[maker.input[0]], scale, axis


@pytest.mark.parametrize(
    ("op", "shape", "axis", "inputs", "attributes"),
    [
        ("Conv", (5, 4, 3, 3), 0, (1, 4, 6, 6), {}),
        ("ConvTranspose", (4, 5, 3, 3), 1, (1, 4, 6, 6), {}),
        ("Gemm", (5, 12), 0, (1, 12), {"transB": 1}),
        ("Gemm", (12, 5), 1, (1, 12), {"transB": 0}),
        ("MatMul", (12, 5), 1, (2, 12), {}),
    ],
)
def test_weights_have_a_scale_for_each_output_channel(
    op: str, shape: tuple[int, ...], axis: int, inputs: tuple[int, ...], attributes: dict[str, int]
) -> None:
    along = [-1 if k == axis else 1 for k in range(len(shape))]
    factors = 10.0 ** np.arange(shape[axis]).reshape(along)
    weight = (normal(*shape) * factors).astype(np.float32)
    output = {"Conv": (1, 5, 4, 4), "ConvTranspose": (1, 5, 8, 8)}.get(op, (inputs[0], 5))
    made = node(op, "x w", "y", **attributes)
    model = graph([made], {"x": inputs}, {"y": output}, {"w": weight})
    integers, scales, found = _weights(int8_file(model, samples({"x": inputs})), op)
    others = tuple(k for k in range(weight.ndim) if k != axis)
    steps = np.abs(weight).max(axis=others, keepdims=True) / np.float32(127)
    assert found == axis
    assert integers.dtype == np.int8
    np.testing.assert_allclose(scales, steps.reshape(-1), rtol=1e-6)
    np.testing.assert_array_equal(integers, np.rint(weight / steps).astype(np.int8))
    # The channels differ by powers of ten, so one scale for all would leave zeros.
    assert np.abs(integers).max(axis=others).min() == 127


def test_a_bias_is_int32_on_the_scale_of_the_sums() -> None:
    constants = {"w": normal(5, 4, 3, 3), "bias": normal(5, seed=1)}
    model = graph([node("Conv", "x w bias", "y")], _X, {"y": (1, 5, 4, 4)}, constants)
    file = _File(int8_file(model, samples(_X)))
    [conv] = file.nodes("Conv")
    maker = file.makers[conv.input[2]]
    scale, zero_point = file.affine(conv.input[2])
    sums = file.quantized_as("x")[0] * file.affine(conv.input[1])[0]
    np.testing.assert_allclose(scale, sums, rtol=1e-6)
    assert not np.any(zero_point)
    integers = file.constants[maker.input[0]]
    assert integers.dtype == np.int32
    np.testing.assert_array_equal(integers, np.rint(constants["bias"] / scale.astype(float)))


def test_an_activation_is_uint8_on_its_measured_range() -> None:
    fed = samples(_X)
    model = graph([node("Conv", "x w", "y")], _X, {"y": (1, 5, 4, 4)}, {"w": normal(5, 4, 3, 3)})
    file = _File(int8_file(model, fed))
    low, high = (f([f(sample["x"]) for sample in fed]) for f in (np.min, np.max))
    scale, zero_point = file.quantized_as("x")
    assert scale == pytest.approx((high - low) / 255, rel=1e-6)
    assert zero_point == round(-low / scale)
    for one in file.nodes("QuantizeLinear"):
        assert file.constants[one.input[2]].dtype == np.uint8


@pytest.mark.parametrize("op", ["Relu", "Clip"])
def test_an_activation_function_becomes_the_end_of_a_range(op: str) -> None:
    ends = {"low": np.array(0, np.float32), "high": np.array(6, np.float32)}
    function = node(op, "a low high" if op == "Clip" else "a", "b")
    nodes = [node("Conv", "x w", "a"), function, node("Conv", "b v", "y")]
    constants = {"w": normal(4, 4, 3, 3), "v": normal(2, 4, 1, 1, seed=1)}
    constants |= ends if op == "Clip" else {}
    model = graph(nodes, _X, {"y": (1, 2, 4, 4)}, constants)
    fed = samples(_X)
    file = _File(int8_file(model, fed))
    assert not file.nodes(op)
    scale, zero_point = file.quantized_as("b")
    assert zero_point == 0
    assert scale == pytest.approx(graph_ranges(serialize(model), fed)["b"][1] / 255, rel=1e-6)


def test_a_relu_of_a_value_that_others_read_stays() -> None:
    nodes = [node("Conv", "x w", "a"), node("Relu", "a", "b"), node("Add", "a b", "y")]
    model = graph(nodes, _X, {"y": (1, 4, 4, 4)}, {"w": normal(4, 4, 3, 3)})
    fed = samples(_X)
    data = int8_file(model, fed)
    assert _File(data).nodes("Relu")
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 30


def _joined(wide: float, *, again: bool = False) -> ir.Model:
    """Return a narrow and a ``wide`` times wider branch, pooled and joined."""
    w = normal(4, 4, 1, 1)
    nodes = [
        node("Conv", "x w", "a"),
        node("MaxPool", "a", "pooled", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "x v", "b", strides=[2, 2]),
        node("Concat", "pooled b", "c", axis=1),
        node("Slice", "c from to axis", "cut"),
        # What only moves until the end of the graph would stay in float.
        node("AveragePool", "cut", "y", kernel_shape=[2, 2]),
    ]
    outputs = {"y": (1, 2, 2, 2)}
    if again:
        nodes.append(node("Conv", "pooled w", "z"))
        outputs["z"] = (1, 4, 3, 3)
    places = {"from": np.array([0]), "to": np.array([2]), "axis": np.array([1])}
    return graph(nodes, _X, outputs, {"w": w, "v": (w * wide).astype(np.float32), **places})


def test_a_range_is_shared_through_pooling_joining_and_cutting() -> None:
    model, fed = _joined(20.0), samples(_X)
    file = _File(int8_file(model, fed))
    shared = {file.quantized_as(name) for name in ("a", "pooled", "b", "c")}
    ranges = graph_ranges(serialize(model), fed)
    low = min(ranges[name][0] for name in ("a", "b", "c"))
    high = max(ranges[name][1] for name in ("a", "b", "c"))
    [(scale, zero_point)] = shared
    assert scale == pytest.approx((high - low) / 255, rel=1e-6)
    assert zero_point == round(-low / scale)
    assert file.quantized_as("cut") == (np.float32(scale), np.uint8(zero_point))


@pytest.mark.parametrize(("wide", "kept"), [(2.0, False), (20.0, True)])
def test_a_value_with_other_readers_keeps_its_range_beside_a_much_wider_one(
    wide: float, kept: bool
) -> None:
    file = _File(int8_file(_joined(wide, again=True), samples(_X)))
    assert file.quantized_as("a") == file.quantized_as("pooled")
    assert (file.quantized_as("pooled") != file.quantized_as("c")) == kept
    assert file.quantized_as("b") == file.quantized_as("c")


def test_a_grouped_transposed_convolution_has_one_scale_and_computes_the_same() -> None:
    constants = {"w": normal(4, 3, 3, 3), "bias": normal(6, seed=1)}
    made = node("ConvTranspose", "x w bias", "y", group=2)
    model = graph([made], _X, {"y": (1, 6, 8, 8)}, constants)
    fed = samples(_X)
    data = int8_file(model, fed)
    integers, scale, _ = _weights(data, "ConvTranspose")
    assert scale.shape == ()
    assert np.abs(integers).max() == 127
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 30


@pytest.mark.parametrize(
    ("made", "shape", "constants"),
    [
        (node("Gemm", "x w", "y", alpha=2.0), (1, 12), {"w": normal(12, 5)}),
        (
            node("Gemm", "x w bias", "y", beta=3.0),
            (1, 12),
            {"w": normal(12, 5), "bias": normal(5, seed=1)},
        ),
        (node("Gemm", "x w bias", "y"), (1, 12), {"w": normal(12, 5), "bias": normal(1, 5)}),
        (node("MatMul", "w x", "y"), (12, 5), {"w": normal(1, 12)}),
        (node("MatMul", "x w", "y"), (3, 1, 12), {"w": normal(3, 12, 5)}),
    ],
)
def test_what_an_integer_kernel_could_not_take_stays_in_float(
    made: NodeProto, shape: tuple[int, ...], constants: dict[str, NDArray[np.float32]]
) -> None:
    output = (3, 1, 5) if len(shape) == 3 else (1, 5)
    model = graph([made], {"x": shape}, {"y": output}, constants)
    fed = samples({"x": shape})
    data = int8_file(model, fed)
    assert not _File(data).nodes("QuantizeLinear")
    assert compare(expected(model, fed), run_optimized(data, fed)).max_rel < 1e-5


def test_two_operators_may_read_the_same_weights() -> None:
    nodes = [node("Conv", "x w", "a", pads=[1, 1, 1, 1]), node("Conv", "a w", "y")]
    model = graph(nodes, _X, {"y": (1, 4, 4, 4)}, {"w": normal(4, 4, 3, 3)})
    fed = samples(_X)
    data = int8_file(model, fed)
    constants = _File(data).constants.values()
    assert [c.shape for c in constants if c.dtype == np.int8 and c.ndim > 1] == [(4, 4, 3, 3)]
    assert float_operators(data) == {}
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 25


def test_a_network_on_clips_is_computed_in_integers() -> None:
    nodes = [
        node("Conv", "x w", "a", pads=[1] * 6),
        node("Relu", "a", "b"),
        node("MaxPool", "b", "c", kernel_shape=[2, 2, 2], strides=[2, 2, 2]),
        node("ReduceMean", "c axes", "d", keepdims=0),
        node("Gemm", "d matrix", "y"),
    ]
    constants = {"w": normal(8, 3, 3, 3, 3), "matrix": normal(8, 5, seed=1)}
    shapes = {"x": (1, 3, 4, 8, 8)}
    model = graph(nodes, shapes, {"y": (1, 5)}, {**constants, "axes": np.array([2, 3, 4])})
    fed: list[Sample] = samples(shapes)
    data = int8_file(model, fed)
    assert float_operators(data) == {}
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 25


def test_inputs_and_outputs_stay_float32_and_keep_their_names() -> None:
    shapes = {"x": (1, 4, 6, 6), "other": (1, 4, 6, 6)}
    nodes = [node("Add", "x other", "sum"), node("Conv", "sum w", "features")]
    outputs = {"features": (1, 2, 4, 4), "sum": (1, 4, 6, 6)}
    model = graph(nodes, shapes, outputs, {"w": normal(2, 4, 3, 3)})
    fed = samples(shapes)
    data = int8_file(model, fed)
    made = _File(data).model.graph
    assert [value.name for value in made.input] == list(shapes)
    assert [value.name for value in made.output] == list(outputs)
    kinds = {value.type.tensor_type.elem_type for value in (*made.input, *made.output)}
    assert kinds == {TensorProto.FLOAT}
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 30


def test_equal_graphs_give_equal_bytes_and_the_graph_is_left_alone() -> None:
    model = deployable(_joined(3.0))
    before = serialize(model)
    ranges = graph_ranges(before, samples(_X))
    kept = dict(ranges)
    first, second = (to_bytes(quantize(model, ranges)) for _ in range(2))
    assert first == second
    assert serialize(model) == before
    assert ranges == kept
