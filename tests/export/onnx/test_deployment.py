"""The graph that the files are made from, and the form of their bytes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from _edgeship.export.graph.onnx_graph import operator_counts, serialize
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.runtimes.running import run_onnx
from tests.export.onnx.graphs import expected, graph, node, samples


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 4, 5)])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("negative", [False, True])
def test_a_mean_over_all_positions_becomes_a_pooling(
    shape: tuple[int, ...], keepdims: int, negative: bool
) -> None:
    rank = len(shape)
    axes = [axis - rank * negative for axis in range(2, rank)]
    output = (2, 3, *([1] * (rank - 2) * keepdims))
    made = node("ReduceMean", "x axes", "y", keepdims=keepdims)
    model = graph([made], {"x": shape}, {"y": output}, {"axes": np.array(axes)})
    ready = deployable(model)
    assert operator_counts(ready) == {"GlobalAveragePool": 1} | ({} if keepdims else {"Flatten": 1})
    assert not ready.graph.initializers
    fed = samples({"x": shape})
    [[first], *_] = run_onnx(serialize(ready), fed)
    [[before], *_] = expected(model, fed)
    np.testing.assert_allclose(first, before, rtol=1e-5, atol=1e-6)
    assert operator_counts(model) == {"ReduceMean": 1}


@pytest.mark.parametrize("axes", [[2], [1, 2], [1, 2, 3]])
def test_another_mean_stays(axes: list[int]) -> None:
    made = node("ReduceMean", "x axes", "y")
    output = tuple(1 if axis in axes else extent for axis, extent in enumerate((2, 3, 4, 5)))
    model = graph([made], {"x": (2, 3, 4, 5)}, {"y": output}, {"axes": np.array(axes)})
    assert operator_counts(deployable(model)) == {"ReduceMean": 1}


def test_a_mean_that_others_read_keeps_its_name() -> None:
    nodes = [node("ReduceMean", "x axes", "mean"), node("Mul", "x mean", "y")]
    shape = (1, 3, 4, 5)
    outputs = {"y": shape, "mean": (1, 3, 1, 1)}
    model = graph(nodes, {"x": shape}, outputs, {"axes": np.array([2, 3])})
    ready = deployable(model)
    assert [value.name for value in ready.graph.outputs] == ["y", "mean"]
    fed = samples({"x": shape})
    for found, before in zip(run_onnx(serialize(ready), fed), expected(model, fed), strict=True):
        for one, other in zip(found, before, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_file_holds_what_a_runtime_needs_and_no_more() -> None:
    model = graph([node("Relu", "x", "y")], {"x": (1, 3)}, {"y": (1, 3)})
    proto = onnx.ModelProto.FromString(serialize(model))
    proto.producer_name, proto.producer_version = "pytorch", "2.0"
    proto.doc_string = proto.graph.doc_string = proto.graph.node[0].doc_string = "a remark"
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    for part in (proto, proto.graph, proto.graph.node[0]):
        part.metadata_props.add(key="where", value="/home/someone")
    proto.graph.value_info.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3)))
    before = proto.SerializeToString()
    made = onnx.load_model_from_string(to_bytes(proto))
    assert proto.SerializeToString() == before
    onnx.checker.check_model(made)
    assert made.ir_version == 8  # the first that has opset 18
    assert [(one.domain, one.version) for one in made.opset_import] == [("", 18)]
    assert (made.producer_name, made.producer_version) == ("edgeship", "")
    assert not made.graph.value_info
    assert b"remark" not in to_bytes(proto)
    assert b"someone" not in to_bytes(proto)


def test_nodes_are_put_in_order() -> None:
    nodes = [node("Relu", "x", "a"), node("Exp", "a", "y")]
    proto = onnx.ModelProto.FromString(serialize(graph(nodes, {"x": (1, 3)}, {"y": (1, 3)})))
    backwards = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(backwards)
    made = onnx.load_model_from_string(to_bytes(proto))
    assert [one.op_type for one in made.graph.node] == ["Relu", "Exp"]


def test_nodes_get_names_of_their_own() -> None:
    nodes = [node("Relu", "x", "a", name="same"), node("Exp", "a", "y", name="same")]
    ready = deployable(graph(nodes, {"x": (1, 3)}, {"y": (1, 3)}))
    assert [one.name for one in ready.graph] == ["Relu_0", "Exp_1"]
