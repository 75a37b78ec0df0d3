from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

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


@pytest.mark.parametrize("opset", [2, 11, 13, 18])
@pytest.mark.parametrize(
    ("mode", "fill", "kind"),
    [
        ("constant", None, "PAD"),
        ("constant", 0.0, "PAD"),
        ("constant", -1.5, "PADV2"),
        ("reflect", None, "MIRROR_PAD"),
    ],
)
@pytest.mark.parametrize("pads", [(0, 0, 1, 1, 0, 0, 1, 1), (0, 1, 0, 2, 1, 0, 3, 0)])
def test_pad(mode: str, fill: float | None, kind: str, pads: tuple[int, ...], opset: int) -> None:
    if opset == 2:
        attributes = {} if fill is None else {"value": fill}
        model = node_model("Pad", {"x": X}, opset=2, mode=mode, pads=pads, **attributes)
    else:
        inputs: dict[str, Any] = {"x": X, "pads": np.array(pads)}
        if fill is not None:
            inputs["fill"] = np.array(fill, np.float32)
        model = node_model("Pad", inputs, opset=opset, mode=mode)
    assert kind in check_both(model)


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1, 3]])
def test_pad_of_some_axes(axes: list[int]) -> None:
    inputs = {"x": X, "pads": np.array([1, 2, 0, 1]), "fill": None, "axes": np.array(axes)}
    check_both(node_model("Pad", inputs))


@pytest.mark.parametrize("pads", [(0, 0, 1, 1, 0, 0, 1, 1), (1, 0, 0, 1, 0, 1, 1, 0)])
def test_pad_with_the_edge(pads: tuple[int, ...]) -> None:
    model = node_model("Pad", {"x": X, "p": np.array(pads)}, mode="edge")
    assert "MIRROR_PAD" in check_both(model)


def test_pad_of_nothing() -> None:
    nodes = [helper.make_node("Pad", ["x", "p"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    model = graph_model(nodes, {"x": X, "p": np.zeros(8, np.int64)})
    assert check(model) == ["RELU"]


def test_pad_of_integers() -> None:
    node = helper.make_node("Pad", ["x", "p", "v"], ["y"])
    inputs = {"x": (2, 3), "p": np.array([1, 0, 0, 2]), "v": np.array(-7)}
    check(graph_model([node], inputs, dtype=TensorProto.INT64))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            node_model("Pad", {"x": X, "p": np.array([0, 0, 2, 1] * 2)}, mode="edge"),
            "Pad with mode edge by more than one element",
        ),
        (
            node_model("Pad", {"x": X, "p": np.array([0, 0, 1, 1] * 2)}, mode="wrap", opset=19),
            "Pad with mode wrap",
        ),
        (node_model("Pad", {"x": X, "p": np.array([0, 0, 0, -1] * 2)}), "negative pads"),
        (
            node_model("Slice", {"x": X, "s": np.array([2]), "e": np.array([1])}),
            "a slice without elements",
        ),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why
