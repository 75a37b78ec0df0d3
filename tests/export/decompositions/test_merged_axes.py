"""Operators on six and seven axes, computed on fewer, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.decompositions import Decomposer
from _edgeship.export.decompositions.merged_axes import is_wide, on_merged_axes
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.runtimes.running import run_onnx

X = (2, 3, 2, 1, 3, 2, 2)


def one_node(op_type: str, inputs: dict[str, Any], outputs: int = 1, **attributes: Any) -> Any:
    """A model of one node; a tuple is a computed input, an array a constant."""
    names = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(op_type, list(inputs), names, name="wide", **attributes)],
        "graph",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
            if isinstance(shape, tuple)
        ],
        [onnx.ValueInfoProto(name=name) for name in names],
        [
            numpy_helper.from_array(data, name)
            for name, data in inputs.items()
            if isinstance(data, np.ndarray)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def narrowed(proto: onnx.ModelProto, most: int) -> ir.Model:
    """The model with its one node on merged axes."""
    model = infer_shapes(ir.from_proto(proto))
    (node,) = model.graph
    merger = on_merged_axes(node.op_type, most)
    assert merger is not None
    pieces = Decomposer(model.graph).replace(node, merger)
    assert pieces is not None
    for piece in pieces:
        if piece.op_type not in ("Reshape", "Identity"):
            assert not is_wide(piece, most), piece
    return model


def check(proto: onnx.ModelProto, most: int = 5) -> list[str]:
    rng = np.random.default_rng(0)
    feeds = {
        port.name: rng.standard_normal(
            [extent.dim_value for extent in port.type.tensor_type.shape.dim]
        ).astype(np.float32)
        for port in proto.graph.input
    }
    model = narrowed(proto, most)
    (expected,) = run_onnx(proto.SerializeToString(), [feeds])
    (found,) = run_onnx(serialize(model), [feeds])
    for wanted, made in zip(expected, found, strict=True):
        assert made.shape == wanted.shape
        np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-6)
    return [node.op_type for node in model.graph if node.op_type != "Reshape"]


@pytest.mark.parametrize(
    "other", [X, (1,), (2, 2), (3, 1, 1, 1, 1, 1), (2, 3, 2, 1, 1, 1, 1), (1, 1, 1, 1, 3, 2, 2)]
)
def test_broadcasting(other):
    assert check(one_node("Add", {"a": X, "b": other})) == ["Add"]
    assert check(one_node("Sub", {"b": other, "a": X})) == ["Sub"]


def test_attributes_are_kept():
    assert check(one_node("LeakyRelu", {"x": X}, alpha=0.5)) == ["LeakyRelu"]
    bounds = {"low": np.float32(-0.5), "high": np.float32(0.5)}
    model = one_node("Clip", {"x": X, **{k: np.asarray(v) for k, v in bounds.items()}})
    assert check(model) == ["Clip"]


@pytest.mark.parametrize(
    ("shape", "perm", "count"),
    [
        ((2, 3, 4, 2, 3, 2), (0, 1, 2, 4, 3, 5), 1),
        ((1, 2, 2, 2, 3, 2, 3), (0, 1, 3, 5, 2, 4, 6), 2),  # blocks of a volume
        ((2, 3, 2, 3, 2, 3), (5, 4, 3, 2, 1, 0), 5),  # nothing stays together
        ((2, 3, 2, 3, 2, 3, 2), (0, 2, 4, 6, 1, 3, 5), 4),
        ((1, 2, 1, 3, 1, 1), (4, 1, 5, 3, 0, 2), 0),  # only axes of one element move
        ((1, 1, 1, 1, 1, 1), (5, 4, 3, 2, 1, 0), 0),
    ],
)
def test_transposes(shape, perm, count):
    kinds = check(one_node("Transpose", {"x": shape}, perm=perm))
    assert kinds.count("Transpose") <= count
    assert set(kinds) <= {"Transpose", "Identity"}


@pytest.mark.parametrize("axis", [0, 2, 4, -1])
def test_along_an_axis(axis):
    kinds = [
        check(one_node("Softmax", {"x": X}, axis=axis)),
        check(one_node("LogSoftmax", {"x": X}, axis=axis)),
        check(one_node("ArgMax", {"x": X}, axis=axis, keepdims=0)),
        check(one_node("ArgMin", {"x": X}, axis=axis, keepdims=1)),
        check(one_node("Concat", {"a": X, "b": X}, axis=axis)),
        check(one_node("Gather", {"x": X, "i": np.array([[1, 0], [0, 1]])}, axis=axis)),
        check(one_node("Gather", {"x": X, "i": np.array(-1)}, axis=axis)),
    ]
    assert [kind for (kind,) in kinds] == [
        *("Softmax", "LogSoftmax", "ArgMax", "ArgMin", "Concat", "Gather", "Gather"),
    ]


def test_split():
    model = one_node("Split", {"x": X, "s": np.array([1, 2])}, outputs=2, axis=1)
    assert check(model) == ["Split"]


def test_slices():
    ends = {"s": np.array([0, -1]), "e": np.array([1, -4]), "a": np.array([0, 4])}
    assert check(one_node("Slice", {"x": X, **ends, "t": np.array([1, -1])})) == ["Slice"]


@pytest.mark.parametrize("axes", [[0], [1, 2], [-1, -2, -3], [0, 6], [3], [0, 1, 2, 3, 4, 5, 6]])
@pytest.mark.parametrize("keep", [0, 1])
def test_reductions(axes, keep):
    for op_type in ("ReduceMean", "ReduceMax", "ReduceSum"):
        check(one_node(op_type, {"x": X, "a": np.array(axes)}, keepdims=keep))


def test_reductions_over_all_axes():
    check(one_node("ReduceSum", {"x": X}, keepdims=0))
    check(one_node("ReduceSum", {"x": X}, noop_with_empty_axes=1))


@pytest.mark.parametrize("other", [(2, 3, 2, 2, 3, 4), (3, 4), (2, 1, 1, 1, 3, 4)])
def test_products(other):
    assert check(one_node("MatMul", {"a": (2, 3, 2, 2, 5, 3), "b": other})) == ["MatMul"]


def test_repeats():
    x = (1, 3, 1, 1, 2, 2)
    check(one_node("Expand", {"x": x, "s": np.array([1, 3, 4, 5, 2, 2])}))
    check(one_node("Expand", {"x": (2, 2), "s": np.array([1, 3, 4, 5, 2, 2])}))
    check(one_node("Tile", {"x": x, "r": np.array([1, 1, 4, 1, 1, 2])}))


def test_what_cannot_be_merged_is_refused():
    model = one_node("Add", {"a": (2, 1, 2, 1, 2, 1), "b": (1, 2, 1, 2, 1, 2)})
    with pytest.raises(Unsupported, match="6 axes remain"):
        narrowed(model, 5)
    with pytest.raises(Unsupported, match="a vector"):
        narrowed(one_node("MatMul", {"a": (2, 2, 2, 2, 3, 3), "b": (3,)}), 5)


def test_operators_that_know_their_axes_are_left_alone():
    assert on_merged_axes("Conv", 5) is None
