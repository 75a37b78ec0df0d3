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
)

X = (2, 3, 4, 5)
FAR = np.iinfo(np.int64).max


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
def test_concat(axis: int, io_layout: Any) -> None:
    other = list(X)
    other[axis] = 2
    inputs = {"a": X, "b": tuple(other), "c": rand(*other)}
    assert "CONCATENATION" in check(node_model("Concat", inputs, axis=axis), io_layout)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concat_of_other_ranks(axis: int) -> None:
    check_both(node_model("Concat", {"a": (2, 3, 4), "b": (2, 3, 4)}, axis=axis))
    check_both(node_model("Concat", {"a": (1, 2, 3, 2, 2), "b": (1, 2, 3, 2, 2)}, axis=axis))


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_concat_of_mixed_orders(axis: int) -> None:
    """One operand lies in NHWC, one comes from a reshape, one is transposed, one is constant."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Reshape", ["x", "shape"], ["f"]),
        helper.make_node("Relu", ["f"], ["g"]),
        helper.make_node("Reshape", ["g", "back"], ["b"]),
        helper.make_node("Transpose", ["x"], ["c"], perm=[0, 1, 3, 2]),
        helper.make_node("Concat", ["b", "c", "a", "k"], ["y"], axis=axis),
    ]
    inputs = {
        "x": (3, 3, 3, 3),
        "w": rand(3, 3, 1, 1),
        "k": rand(3, 3, 3, 3),
        "shape": np.array([27, 3]),
        "back": np.array([3, 3, 3, 3]),
    }
    check_both(graph_model(nodes, inputs))


def test_concat_of_one() -> None:
    nodes = [
        helper.make_node("Concat", ["x"], ["a"], axis=1),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": X})) == ["RELU"]


def test_concat_of_a_value_with_itself() -> None:
    check_both(node_model("Concat", {"x": X}, axis=1))
    nodes = [helper.make_node("Concat", ["x", "x"], ["y"], axis=2)]
    check_both(graph_model(nodes, {"x": X}))


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_split_into_equal_parts(axis: int, io_layout: Any) -> None:
    shape = (4, 6, 2, 8)
    model = node_model("Split", {"x": shape}, outputs=("a", "b"), axis=axis, num_outputs=2)
    assert "SPLIT" in check(model, io_layout)
    model = node_model("Split", {"x": shape}, outputs=("a", "b"), axis=axis, opset=11)
    assert "SPLIT" in check(model, io_layout)


@pytest.mark.parametrize("as_input", [True, False])
@pytest.mark.parametrize("sizes", [(1, 5), (1, 2, 3), (2, 2, 2), (6,)])
def test_split_by_sizes(sizes: tuple[int, ...], as_input: bool) -> None:
    outputs = [f"y{i}" for i in range(len(sizes))]
    if as_input:
        inputs = {"x": (2, 6, 4, 5), "sizes": np.array(sizes)}
        model = node_model("Split", inputs, outputs=outputs, axis=1)
    else:
        inputs = {"x": (2, 6, 4, 5)}
        model = node_model("Split", inputs, outputs=outputs, axis=1, split=sizes, opset=11)
    check_both(model)


def test_split_by_a_number_that_leaves_a_rest() -> None:
    outputs = ("a", "b", "c")
    check_both(node_model("Split", {"x": (2, 7, 4, 5)}, outputs=outputs, axis=1, num_outputs=3))


def test_parts_of_a_split_that_nobody_reads() -> None:
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b", "c"], axis=1, num_outputs=3),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": (2, 6, 4, 5)})) == ["SPLIT", "RELU"]


SLICES: list[tuple[list[int], list[int], list[int] | None, list[int] | None, str]] = [
    ([1], [3], [1], None, "SLICE"),
    ([0, 1], [2, 3], [2, 3], None, "SLICE"),
    ([-2], [FAR], [1], None, "SLICE"),
    ([1], [-1], [-1], None, "SLICE"),
    ([0, 0, 1, 1], [1, 2, 3, 4], None, None, "SLICE"),
    ([-100], [2], [3], [1], "SLICE"),
    ([0], [FAR], [2], [2], "STRIDED_SLICE"),
    ([1], [FAR], [3], [3], "STRIDED_SLICE"),
    ([1, 0], [FAR, FAR], [2, 3], [2, 2], "STRIDED_SLICE"),
    ([-1], [-FAR], [3], [-1], "STRIDED_SLICE"),
    ([FAR], [-FAR], [1], [-1], "STRIDED_SLICE"),
    ([3], [0], [3], [-1], "STRIDED_SLICE"),
    ([4], [-5], [3], [-2], "STRIDED_SLICE"),
    ([-2], [-4], [2], [-1], "STRIDED_SLICE"),
    ([-1, 0], [-FAR, 2], [3, 1], [-2, 1], "STRIDED_SLICE"),
    ([-100], [-100], [3], [-1], "STRIDED_SLICE"),
]


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(("starts", "ends", "axes", "steps", "kind"), SLICES)
def test_slice(
    starts: list[int],
    ends: list[int],
    axes: list[int] | None,
    steps: list[int] | None,
    kind: str,
    io_layout: Any,
) -> None:
    inputs: dict[str, Any] = {"x": X, "starts": np.array(starts), "ends": np.array(ends)}
    inputs["axes"] = None if axes is None else np.array(axes)
    inputs["steps"] = None if steps is None else np.array(steps)
    assert kind in check(node_model("Slice", inputs), io_layout)


@pytest.mark.parametrize(("starts", "ends", "axes"), [([1], [3], [1]), ([-3], [2**31 - 1], [2])])
def test_slice_by_attributes(starts: list[int], ends: list[int], axes: list[int]) -> None:
    check_both(node_model("Slice", {"x": X}, opset=9, starts=starts, ends=ends, axes=axes))


def test_a_slice_of_everything() -> None:
    nodes = [
        helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    bounds = {"starts": np.array([0]), "ends": np.array([FAR]), "axes": np.array([1])}
    assert check(graph_model(nodes, {"x": X, **bounds})) == ["RELU"]


@pytest.mark.parametrize("x", [(6,), (5, 6), (2, 5, 6), (1, 2, 6, 2, 2)])
def test_slice_of_other_ranks(x: tuple[int, ...]) -> None:
    axis = x.index(6)
    inputs = {"x": x, "starts": np.array([1]), "ends": np.array([5]), "axes": np.array([axis])}
    check_both(node_model("Slice", inputs))
    check_both(node_model("Slice", {**inputs, "steps": np.array([2])}))


def test_a_split_into_nothing_and_all() -> None:
    node = helper.make_node("Split", ["x", "s"], ["a", "y"], axis=1)
    assert check(graph_model([node], {"x": X, "s": np.array([0, 3])})) == ["RESHAPE"]


def test_a_slice_without_elements() -> None:
    model = node_model("Slice", {"x": X, "s": np.array([2]), "e": np.array([1])})
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "no elements" in error.value.why or "without elements" in error.value.why


def test_joining_what_has_no_elements() -> None:
    nodes = [
        helper.make_node("Slice", ["x", "s", "e", "a"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Concat", ["c", "x"], ["d"], axis=1),
        helper.make_node("Neg", ["d"], ["y"]),
    ]
    bounds = {"s": np.array([2]), "e": np.array([2]), "a": np.array([1])}
    assert check(graph_model(nodes, {"x": X, **bounds})) == ["NEG"]
