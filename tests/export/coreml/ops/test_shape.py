from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
    rand,
)

X = (2, 6, 4, 5)


def reshape(name: str, shape: str, result: str) -> Any:
    return helper.make_node("Reshape", [name, shape], [result])


def test_reshape() -> None:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((2, 6, 4, 5), (2, 120)),
        ((2, 6, 4, 5), (12, 20)),
        ((2, 6, 4, 5), (2, 2, 3, 4, 5)),
        ((2, 6, 4, 5), (240,)),
        ((2, 6, 4, 5), (0, -1, 5)),
        ((1, 6, 1, 1), (1, 6)),
        ((2, 3, 2, 4, 5), (2, 6, 4, 5)),
        ((6,), (1, 6, 1, 1)),
    ]
    kinds = check_all(
        [node_model("Reshape", {"x": b, "shape": np.array(after)}) for b, after in shapes]
    )
    assert kinds == ["reshape"] * len(shapes)


def test_reshape_to_a_scalar_and_back() -> None:
    nodes = [
        reshape("x", "none", "a"),
        helper.make_node("Relu", ["a"], ["s"]),
        reshape("s", "one", "y"),
    ]
    inputs = {"x": (1, 1), "none": np.array([], np.int64), "one": np.array([1, 1, 1])}
    check(graph_model(nodes, inputs, ["s", "y"]))


def test_flatten() -> None:
    check_all([node_model("Flatten", {"x": X}, axis=axis) for axis in (0, 1, 2, 3, 4, -1, -3)])


@pytest.mark.parametrize("opset", [11, 13])
def test_squeeze_and_unsqueeze(opset: int) -> None:
    models = []
    for axes in ([2], [0, 3], [-1], [3, 0]):
        squeezable = tuple(1 if i in axes or i - 4 in axes else 3 for i in range(4))
        for op_type, x in (("Squeeze", squeezable), ("Unsqueeze", (6, 5))):
            if opset == 11:
                models.append(node_model(op_type, {"x": x}, opset=11, axes=axes))
            else:
                models.append(node_model(op_type, {"x": x, "axes": np.array(axes)}, opset=13))
    kinds = check_all(models)
    assert set(kinds) == {"squeeze", "expand_dims"}


def test_squeeze_of_all_axes_of_one() -> None:
    check_all([node_model("Squeeze", {"x": (1, 6, 1, 4)}), node_model("Squeeze", {"x": (1, 1, 1)})])


def test_transpose() -> None:
    perms: list[tuple[tuple[int, ...], list[int] | None]] = [
        ((4, 5), None),
        ((2, 3, 4), [1, 2, 0]),
        ((2, 3, 4, 5), None),
        ((2, 3, 4, 5), [0, 2, 3, 1]),
        ((2, 3, 4, 5), [3, 1, 0, 2]),
        ((2, 3, 2, 2, 3), [4, 0, 3, 1, 2]),
    ]
    models = []
    for x, perm in perms:
        attributes: dict[str, Any] = {} if perm is None else {"perm": perm}
        models.append(node_model("Transpose", {"x": x}, **attributes))
    kinds = check_all(models)
    assert kinds == ["transpose"] * len(perms)


def test_shapes_and_orders_that_stay_cost_nothing() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 1, 2]),
        reshape("a", "shape", "b"),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 3, 4), "shape": np.array([2, 3, 4])})) == ["relu"]


def test_channel_shuffle() -> None:
    nodes = [
        reshape("x", "split", "b"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 1, 3, 4]),
        reshape("c", "join", "y"),
    ]
    inputs = {
        "x": (1, 6, 4, 5),
        "split": np.array([1, 2, 3, 4, 5]),
        "join": np.array([1, 6, 4, 5]),
    }
    assert check(graph_model(nodes, inputs)) == ["reshape", "transpose", "reshape"]


@pytest.mark.parametrize("perm", [[0, 1, 4, 2, 5, 3], [5, 4, 3, 2, 1, 0]])
def test_six_axes_between_reshapes(perm: list[int]) -> None:
    nodes = [
        reshape("x", "split", "b"),
        helper.make_node("Transpose", ["b"], ["c"], perm=perm),
        reshape("c", "join", "y"),
    ]
    inputs = {
        "x": (1, 18, 4, 5),
        "split": np.array([1, 2, 3, 3, 4, 5]),
        "join": np.array([1, 2, 12, 15]),
    }
    check(graph_model(nodes, inputs))


@pytest.mark.parametrize("op_type", ["Identity", "Dropout"])
@pytest.mark.parametrize("opset", [7, 10, 12, 13])
def test_aliases(op_type: str, opset: int) -> None:
    nodes = [helper.make_node(op_type, ["x"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    lowered = lower_model(graph_model(nodes, {"x": X}, opset=opset))
    assert [op.op_type for op in lowered.program.functions["main"].operations] == ["relu"]


def test_aliases_that_are_outputs() -> None:
    dropout = {"x": (3, 4), "ratio": np.array(0.3, np.float32), "training": np.array(False)}
    check_all(
        [node_model("Dropout", dropout, opset=13), node_model("Identity", {"x": X}, opset=13)]
    )


def test_a_constant_that_is_an_output() -> None:
    value = helper.make_tensor("v", 1, [2, 3], [1.5, -2.5, 3.0, 4.0, 0.0, 6.0])
    nodes = [
        helper.make_node("Constant", [], ["c"], value=value),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    check(graph_model(nodes, {"x": X}, ["c", "y"]))


def test_constants_are_worked_out_here() -> None:
    """A weight behind an Identity, a Transpose and a Reshape is a weight."""
    nodes = [
        helper.make_node("Identity", ["w"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0]),
        reshape("b", "shape", "c"),
        helper.make_node("Conv", ["x", "c"], ["y"]),
    ]
    inputs = {"x": (1, 3, 4, 5), "w": rand(3, 4), "shape": np.array([4, 3, 1, 1])}
    assert check(graph_model(nodes, inputs)) == ["conv"]


def test_integers() -> None:
    nodes = [
        reshape("x", "shape", "a"),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0]),
        helper.make_node("Unsqueeze", ["b", "axes"], ["c"]),
        helper.make_node("Squeeze", ["z", "axes"], ["d"]),
    ]
    shape, axes = np.array([6, 4]), np.array([0])
    inputs = {"x": (2, 3, 4), "z": (1, 5), "shape": shape, "axes": axes}
    model = graph_model(nodes, inputs, ["c", "d"], dtype=7)
    feeds = {"x": np.arange(24).reshape(2, 3, 4) * 70_001, "z": np.arange(5)[None] * 70_001}
    check(model, 17, "float16", feeds=feeds, tolerance=0)


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
        (
            node_model("Reshape", {"x": (8, 8), "s": np.array([2] * 6)}),
            "a tensor of 6 axes",
        ),
        (
            node_model("Unsqueeze", {"x": (1, 2, 3, 4, 5), "axes": np.array([0])}),
            "a tensor of 6 axes",
        ),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why


def test_windows_of_attention() -> None:
    """Six axes between reshapes, with arithmetic on them, as in Swin and in window partitions."""
    nodes = [
        helper.make_node("Reshape", ["x", "parted"], ["p"]),  # (B, H/w, w, W/w, w, C)
        helper.make_node("Transpose", ["p"], ["t"], perm=[0, 1, 3, 2, 4, 5]),
        helper.make_node("Add", ["t", "bias"], ["a"]),
        helper.make_node("ReduceMean", ["a", "axes"], ["m"]),
        helper.make_node("Sub", ["a", "m"], ["c"]),
        helper.make_node("Softmax", ["c"], ["s"], axis=-1),
        helper.make_node("Transpose", ["s"], ["b"], perm=[0, 1, 3, 2, 4, 5]),
        helper.make_node("Reshape", ["b", "whole"], ["y"]),
    ]
    inputs = {
        "x": (2, 4, 6, 5),
        "parted": np.array([2, 2, 2, 3, 2, 5]),
        "bias": rand(2, 2, 5),
        "axes": np.array([3, 4]),
        "whole": np.array([2, 4, 6, 5]),
    }
    kinds = check(graph_model(nodes, inputs))
    assert kinds.count("transpose") == 2
    assert kinds.count("softmax") == 1


def test_seven_axes_of_a_volume_in_windows() -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "parted"], ["p"]),
        helper.make_node("Transpose", ["p"], ["t"], perm=[0, 1, 3, 5, 2, 4, 6]),
        helper.make_node("Identity", ["t"], ["i"]),
        helper.make_node("Unsqueeze", ["i", "first"], ["u"]),
        helper.make_node("Squeeze", ["u", "first"], ["q"]),
        helper.make_node("Reshape", ["q", "joined"], ["y"]),
    ]
    inputs = {
        "x": (2, 3, 4, 4, 6),
        "parted": np.array([2, 3, 2, 2, 2, 2, 6]),
        "first": np.array([0]),
        "joined": np.array([6, 8, 4, 3, -1]),
    }
    check(graph_model(nodes, inputs))
