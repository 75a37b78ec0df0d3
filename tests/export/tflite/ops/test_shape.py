from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    lower_model,
    node_model,
    rand,
    ranks,
)

X = (2, 6, 4, 5)


def reshape(name: str, shape: str, result: str) -> Any:
    return helper.make_node("Reshape", [name, shape], [result])


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((2, 6, 4, 5), (2, 120)),
        ((2, 6, 4, 5), (12, 20)),
        ((2, 6, 4, 5), (2, 6, 20)),
        ((2, 6, 4, 5), (2, 2, 3, 4, 5)),
        ((2, 6, 4, 5), (2, 2, 3, 2, 2, 5)),
        ((2, 6, 4, 5), (240,)),
        ((2, 6, 4, 5), (5, 4, 6, 2)),
        ((2, 6, 4, 5), (0, -1, 5)),
        ((1, 6, 1, 1), (1, 6)),
        ((1, 6, 4, 5), (6, 4, 5)),
        ((2, 120), (2, 6, 4, 5)),
        ((2, 3, 2, 4, 5), (2, 6, 4, 5)),
        ((6,), (1, 6, 1, 1)),
    ],
)
def test_reshape(before: tuple[int, ...], after: tuple[int, ...], io_layout: Any) -> None:
    check(node_model("Reshape", {"x": before, "shape": np.array(after)}), io_layout)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4, -1, -3])
def test_flatten(axis: int) -> None:
    check_both(node_model("Flatten", {"x": X}, axis=axis))


@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("op_type", ["Squeeze", "Unsqueeze"])
@pytest.mark.parametrize("axes", [[2], [0, 3], [-1]])
def test_squeeze_and_unsqueeze(op_type: str, axes: list[int], opset: int) -> None:
    x = [6, 5]
    if op_type == "Squeeze":
        x = [1 if i in axes or i - 4 in axes else 3 for i in range(4)]
    if opset == 11:
        model = node_model(op_type, {"x": tuple(x)}, opset=11, axes=axes)
    else:
        model = node_model(op_type, {"x": tuple(x), "axes": np.array(axes)}, opset=13)
    check_both(model)


def test_squeeze_of_all_axes_of_one() -> None:
    check_both(node_model("Squeeze", {"x": (1, 6, 1, 4)}))


@pytest.mark.parametrize(
    ("x", "perm", "in_nhwc", "in_nchw"),
    [
        # How many operators a file with each axis order at its ports needs.
        ((4, 5), None, 1, 1),
        ((2, 3, 4), [1, 2, 0], 1, 1),
        ((2, 3, 4, 5), None, 1, 1),
        ((2, 3, 4, 5), [0, 2, 3, 1], 0, 1),
        ((2, 3, 4, 5), [0, 3, 1, 2], 0, 1),
        ((2, 3, 4, 5), [3, 1, 0, 2], 1, 1),
        ((1, 3, 1, 5), [0, 2, 1, 3], 1, 0),
        ((2, 3, 2, 2, 3), [4, 0, 3, 1, 2], 2, 1),
        ((2, 3, 2, 2, 3), [0, 2, 1, 3, 4], 1, 2),
        ((2, 2, 3, 2, 2, 3), [5, 4, 3, 2, 1, 0], 4, 4),
        ((2, 2, 3, 2, 2, 3), [3, 0, 4, 1, 5, 2], 3, 3),
    ],
)
def test_transpose(x: tuple[int, ...], perm: list[int] | None, in_nhwc: int, in_nchw: int) -> None:
    attributes = {} if perm is None else {"perm": perm}
    model = node_model("Transpose", {"x": x}, **attributes)
    for io_layout, count in zip(LAYOUTS, (in_nhwc, in_nchw), strict=True):
        assert check(model, io_layout).count("TRANSPOSE") == count
        graph = lower_model(model, io_layout).graph
        for op in graph.ops:
            if op.kind == "TRANSPOSE":
                assert len(graph.tensors[op.outputs[0]].shape) <= 4


def channel_shuffle(groups: int, channels: int, behind: list[Any]) -> Any:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        reshape("a", "split", "b"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 1, 3, 4]),
        reshape("c", "join", "d"),
        *behind,
    ]
    inputs = {
        "x": (1, channels, 4, 5),
        "split": np.array([1, groups, channels // groups, 4, 5]),
        "join": np.array([1, channels, 4, 5]),
    }
    return graph_model(nodes, inputs)


@pytest.mark.parametrize("groups", [2, 3])
def test_channel_shuffle(groups: int) -> None:
    model = channel_shuffle(groups, 6, [helper.make_node("Relu", ["d"], ["y"])])
    kinds = check(model)
    assert kinds == ["RELU", "RESHAPE", "TRANSPOSE", "RESHAPE", "RELU"]
    assert max(ranks(lower_model(model))) <= 4
    check(model, "nchw")


def test_channel_shuffle_that_is_split_again() -> None:
    behind = [
        helper.make_node("Split", ["d"], ["e", "f"], axis=1, num_outputs=2),
        helper.make_node("Mul", ["e", "f"], ["y"]),
    ]
    model = channel_shuffle(2, 8, behind)
    assert check(model).count("TRANSPOSE") == 1
    assert max(ranks(lower_model(model))) <= 4


@pytest.mark.parametrize("batch", [1, 2])
def test_pixel_shuffle(batch: int) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        reshape("a", "split", "b"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 1, 4, 2, 5, 3]),
        reshape("c", "join", "y"),
    ]
    inputs = {
        "x": (batch, 18, 4, 5),
        "split": np.array([batch, 2, 3, 3, 4, 5]),
        "join": np.array([batch, 2, 12, 15]),
    }
    model = graph_model(nodes, inputs)
    check_both(model)
    assert max(ranks(lower_model(model))) <= 4


def test_pixel_unshuffle() -> None:
    nodes = [
        reshape("x", "split", "b"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 1, 3, 5, 2, 4]),
        reshape("c", "join", "y"),
    ]
    inputs = {
        "x": (2, 3, 6, 8),
        "split": np.array([2, 3, 3, 2, 4, 2]),
        "join": np.array([2, 12, 3, 4]),
    }
    check_both(graph_model(nodes, inputs))


def test_two_orders_of_one_tensor() -> None:
    """A value and its transpose share a tensor, but not what either is brought to."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 1, 3, 2]),
        helper.make_node("Add", ["a", "k"], ["c"]),
        helper.make_node("MatMul", ["a", "w"], ["p"]),
        helper.make_node("MatMul", ["b", "w"], ["q"]),
    ]
    inputs = {"x": (2, 3, 4, 4), "k": rand(4), "w": rand(4, 3)}
    check_both(graph_model(nodes, inputs, ["p", "q", "c"]))


def test_two_shapes_of_one_tensor() -> None:
    """A reshape that changes nothing in memory shares the tensor, not its axes' meaning."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0, 2]),
        reshape("b", "shape", "c"),
        helper.make_node("MatMul", ["a", "w"], ["p"]),
        helper.make_node("MatMul", ["b", "w"], ["q"]),
        helper.make_node("MatMul", ["c", "w"], ["r"]),
    ]
    inputs = {"x": (3, 3, 4), "w": rand(4, 2), "shape": np.array([3, 3, 4])}
    check_both(graph_model(nodes, inputs, ["p", "q", "r"]))


@pytest.mark.parametrize("op_type", ["Identity", "Dropout"])
@pytest.mark.parametrize("opset", [7, 10, 12, 13])
def test_aliases(op_type: str, opset: int) -> None:
    nodes = [helper.make_node(op_type, ["x"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    assert check(graph_model(nodes, {"x": X}, opset=opset)) == ["RELU"]


def test_dropout_with_a_ratio_and_no_training() -> None:
    inputs = {"x": (3, 4), "ratio": np.array(0.3, np.float32), "training": np.array(False)}
    check(node_model("Dropout", inputs, opset=13))


def test_constants_are_worked_out_here() -> None:
    """A weight behind an Identity, a Transpose and a Reshape is a weight."""
    nodes = [
        helper.make_node("Identity", ["w"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0]),
        reshape("b", "shape", "c"),
        helper.make_node("Conv", ["x", "c"], ["y"]),
    ]
    inputs = {"x": (1, 3, 4, 5), "w": rand(3, 4), "shape": np.array([4, 3, 1, 1])}
    assert check(graph_model(nodes, inputs)) == ["CONV_2D"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            node_model(
                "Dropout",
                {"x": (3,), "r": np.array(0.3, np.float32), "t": np.array(True)},
                opset=13,
            ),
            "dropout in training mode",
        ),
        (
            node_model("Dropout", {"x": (3,)}, outputs=("y", "mask"), opset=13),
            "its output 1 (mask) is used",
        ),
        (node_model("Relu", {"x": (1,) * 8 + (2,)}), "takes 8 axes, not 9"),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why
