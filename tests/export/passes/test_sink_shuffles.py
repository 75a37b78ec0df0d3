"""Shuffles behind what shrinks images, against ONNX Runtime on the graph before."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import NodeProto, helper
from onnx_ir.passes import common

from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.passes.sink_shuffles import sink_shuffles
from _edgeship.export.runtimes.running import run_onnx
from tests.export.tflite.ops.harness import graph_model, inputs_of, rand


def shuffle(x: str, y: str, groups: str = "split", whole: str = "whole") -> list[NodeProto]:
    return [
        helper.make_node("Reshape", [x, groups], [f"{y}_a"]),
        helper.make_node("Transpose", [f"{y}_a"], [f"{y}_b"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", [f"{y}_b", whole], [y]),
    ]


def sunk(model: onnx.ModelProto) -> tuple[list[str], int]:
    """The kinds of nodes after the pass, which computes what the graph before it did."""
    feeds = inputs_of(model)
    expected = run_onnx(model.SerializeToString(), [feeds])[0]
    graph = infer_shapes(ir.from_proto(model))
    count = sink_shuffles(graph)
    assert [value.name for value in graph.graph.outputs] == [o.name for o in model.graph.output]
    for a, b in zip(run_onnx(serialize(graph), [feeds])[0], expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    common.RemoveUnusedNodesPass()(graph)
    return [node.op_type for node in graph.graph], count


def parts(groups: int, channels: int = 12) -> dict[str, object]:
    return {
        "x": (1, channels, 8, 8),
        "split": np.array([1, groups, channels // groups, 8, 8], np.int64),
        "whole": np.array([1, channels, 8, 8], np.int64),
        "d": rand(channels, 1, 3, 3),
        "b": rand(channels),
    }


DEPTH = helper.make_node(
    "Conv", ["s", "d", "b"], ["y"], group=12, strides=[2, 2], pads=[1, 1, 1, 1]
)


@pytest.mark.parametrize("groups", [2, 3, 4, 6])
def test_behind_a_depthwise_convolution_with_a_stride(groups: int) -> None:
    found, count = sunk(graph_model([*shuffle("x", "s"), DEPTH], parts(groups)))
    assert (found, count) == (["Conv", "Reshape", "Transpose", "Reshape"], 1)


def test_one_behind_another() -> None:
    """The second then reads what the first shuffles in its new place."""
    row = [
        *shuffle("x", "s"),
        helper.make_node("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        *shuffle("p", "t", "split2", "whole2"),
        helper.make_node("MaxPool", ["t"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    further = {
        "split2": np.array([1, 4, 3, 4, 4], np.int64),
        "whole2": np.array([1, 12, 4, 4], np.int64),
    }
    found, count = sunk(graph_model(row, {**parts(3), **further}))
    assert (found.count("Transpose"), count) == (2, 2)


def test_behind_a_pool() -> None:
    pool = helper.make_node("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2])
    last = helper.make_node("Conv", ["p", "w"], ["y"], group=3)
    model = graph_model([*shuffle("x", "s"), pool, last], {**parts(3), "w": rand(6, 4, 1, 1)})
    found, count = sunk(model)
    assert (found, count) == (["MaxPool", "Reshape", "Transpose", "Reshape", "Conv"], 1)


@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [
        ([helper.make_node("Relu", ["s"], ["y"])], ("y",)),  # as large as before
        ([DEPTH], ("y", "s")),  # somebody wants it shuffled
        ([DEPTH], ("y", "s_b")),
        ([helper.make_node("Conv", ["s", "w"], ["y"], strides=[2, 2])], ("y",)),
    ],
)
def test_where_a_shuffle_stays(nodes: list[NodeProto], outputs: tuple[str, ...]) -> None:
    constants = {**parts(3), "w": rand(6, 12, 1, 1)}
    assert sunk(graph_model([*shuffle("x", "s"), *nodes], constants, outputs))[1] == 0


@pytest.mark.parametrize("seed", range(12))
def test_random_chains(seed: int) -> None:
    """Shuffles between grouped convolutions, whose places any of these may be between."""
    rng = np.random.default_rng(seed)
    nodes, constants, x, size = [], dict(parts(3)), "x", 8
    for step in range(5):
        y = f"v{step}"
        kind = rng.choice(["shuffle", "depth", "pool", "group", "scale"])
        groups = int(rng.choice([2, 3, 4, 6]))
        stride = int(rng.choice([1, 2])) if size > 2 else 1
        if kind == "shuffle":
            names = [f"g{step}", f"h{step}"]
            constants[names[0]] = np.array([1, groups, 12 // groups, size, size], np.int64)
            constants[names[1]] = np.array([1, 12, size, size], np.int64)
            nodes += [
                helper.make_node("Reshape", [x, names[0]], [f"{y}_a"]),
                helper.make_node("Transpose", [f"{y}_a"], [f"{y}_b"], perm=[0, 2, 1, 3, 4]),
                helper.make_node("Reshape", [f"{y}_b", names[1]], [y]),
            ]
        elif kind == "group":
            constants[f"w{step}"] = rand(12, 12 // groups, 1, 1, seed=step)
            nodes.append(helper.make_node("Conv", [x, f"w{step}"], [y], group=groups))
        elif kind == "scale":
            constants[f"w{step}"] = rand(1, 12, 1, 1, seed=step)
            nodes.append(helper.make_node("Mul", [x, f"w{step}"], [y]))
        else:
            windows = {"strides": [stride] * 2, "pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
            size = -(-size // stride)
            nodes.append(
                helper.make_node("Conv", [x, "d", "b"], [y], group=12, **windows)
                if kind == "depth"
                else helper.make_node("AveragePool", [x], [y], **windows)
            )
        x = y
    sunk(graph_model(nodes, constants, (x,)))
