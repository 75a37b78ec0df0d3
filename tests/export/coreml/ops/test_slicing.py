from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
    parse,
    rand,
)

X = (2, 3, 4, 5)
FAR = np.iinfo(np.int64).max


def test_concat() -> None:
    models = []
    for axis in (0, 1, 2, 3, -1, -3):
        other = list(X)
        other[axis] = 2
        inputs = {"a": X, "b": tuple(other), "c": rand(*other)}
        models.append(node_model("Concat", inputs, axis=axis))
    models.append(node_model("Concat", {"a": (3,), "b": (2,)}, axis=0))
    assert check_all(models) == ["concat"] * 7


def test_concat_of_one() -> None:
    nodes = [
        helper.make_node("Concat", ["x"], ["a"], axis=1),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    assert check(graph_model(nodes, {"x": X})) == ["relu"]


def test_concat_of_a_value_with_itself() -> None:
    check(graph_model([helper.make_node("Concat", ["x", "x"], ["y"], axis=2)], {"x": X}))


def test_concat_of_integers() -> None:
    node = helper.make_node("Concat", ["x", "k"], ["y"], axis=1)
    inputs = {"x": (2, 3), "k": np.array([[70_000], [-5]])}
    check(graph_model([node], inputs, dtype=TensorProto.INT64), tolerance=0)


def test_split_into_equal_parts() -> None:
    x = (4, 6, 2, 8)
    models = [
        node_model("Split", {"x": x}, outputs=("a", "b"), axis=axis, num_outputs=2)
        for axis in (0, 1, 2, 3, -1)
    ]
    assert check_all(models) == ["split"] * 5


@pytest.mark.parametrize("as_input", [True, False])
def test_split_by_sizes(as_input: bool) -> None:
    models = []
    for sizes in ((1, 5), (1, 2, 3), (2, 2, 2), (6,)):
        outputs = [f"y{i}" for i in range(len(sizes))]
        if as_input:
            inputs = {"x": (2, 6, 4, 5), "sizes": np.array(sizes)}
            models.append(node_model("Split", inputs, outputs=outputs, axis=1))
        else:
            x = {"x": (2, 6, 4, 5)}
            models.append(node_model("Split", x, outputs=outputs, axis=1, split=sizes, opset=11))
    kinds = check_all(models)
    # The last one is its input, but an output of the program must be computed.
    assert kinds == ["split", "split", "split", "identity"]


def test_split_by_a_number_that_leaves_a_rest() -> None:
    outputs = ("a", "b", "c")
    check(node_model("Split", {"x": (2, 7, 4, 5)}, outputs=outputs, axis=1, num_outputs=3))


def test_parts_of_a_split_keep_their_names() -> None:
    """The trace leads from them to the ONNX values, even where nobody reads one of them."""
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b", "c"], axis=1, num_outputs=3),
        helper.make_node("Add", ["b", "c"], ["y"]),
    ]
    model = graph_model(nodes, {"x": (2, 6, 4, 5)})
    assert check(model) == ["split", "add"]
    assert {"a", "b", "c"} <= set(lower_model(model).trace)


SLICES: list[tuple[list[int], list[int], list[int] | None, list[int] | None, list[str]]] = [
    ([1], [3], [1], None, ["slice_by_index"]),
    ([0, 1], [2, 3], [2, 3], None, ["slice_by_index"]),
    ([-2], [FAR], [1], None, ["slice_by_index"]),
    ([1], [-1], [-1], None, ["slice_by_index"]),
    ([0, 0, 1, 1], [1, 2, 3, 4], None, None, ["slice_by_index"]),
    ([-100], [2], [3], [1], ["slice_by_index"]),
    ([0], [FAR], [2], [2], ["slice_by_index"]),
    ([1], [FAR], [3], [3], ["slice_by_index"]),
    ([1, 0], [FAR, FAR], [2, 3], [2, 2], ["slice_by_index"]),
    ([-1], [-FAR], [3], [-1], ["reverse"]),
    ([FAR], [-FAR], [1], [-1], ["reverse"]),
    ([3], [0], [3], [-1], ["slice_by_index", "reverse"]),
    ([4], [-5], [3], [-2], ["slice_by_index", "reverse"]),
    ([-2], [-4], [2], [-1], ["slice_by_index", "reverse"]),
    ([-1, 0], [-FAR, 2], [3, 1], [-2, 1], ["slice_by_index", "reverse"]),
    ([-100], [-100], [3], [-1], ["slice_by_index"]),
]


def test_slice() -> None:
    models, expected = [], []
    for starts, ends, axes, steps, kinds in SLICES:
        inputs: dict[str, Any] = {"x": X, "starts": np.array(starts), "ends": np.array(ends)}
        inputs["axes"] = None if axes is None else np.array(axes)
        inputs["steps"] = None if steps is None else np.array(steps)
        models.append(node_model("Slice", inputs))
        expected += kinds
    assert check_all(models) == expected


def test_slice_by_attributes() -> None:
    check_all(
        [
            node_model("Slice", {"x": X}, opset=9, starts=starts, ends=ends, axes=axes)
            for starts, ends, axes in (([1], [3], [1]), ([-3], [2**31 - 1], [2]))
        ]
    )


def test_a_slice_of_everything() -> None:
    nodes = [
        helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    bounds = {"starts": np.array([0]), "ends": np.array([FAR]), "axes": np.array([1])}
    assert check(graph_model(nodes, {"x": X, **bounds})) == ["relu"]


def test_slice_of_integers() -> None:
    node = helper.make_node("Slice", ["x", "s", "e", "a", "d"], ["y"])
    inputs = {"x": (6,), "s": np.array([4]), "e": np.array([0]), "a": np.array([0])}
    inputs["d"] = np.array([-2])
    model = graph_model([node], inputs, dtype=TensorProto.INT64)
    check(model, feeds={"x": np.arange(6) * 70_001}, tolerance=0)


PADS = [(0, 0, 1, 1, 0, 0, 1, 1), (0, 1, 0, 2, 1, 0, 3, 0)]


def padded(mode: str, pads: Any, opset: int = 18, fill: float | None = None, x: Any = X) -> Any:
    inputs: dict[str, Any] = {"x": x, "pads": np.array(pads)}
    if fill is not None:
        inputs["fill"] = np.array(fill, np.float32)
    return node_model("Pad", inputs, opset=opset, mode=mode)


@pytest.mark.parametrize("opset", [11, 18])
def test_pad_with_a_constant(opset: int) -> None:
    models = [padded("constant", pads, opset, fill) for pads in PADS for fill in (None, 0.0, -1.5)]
    assert check_all(models) == ["pad"] * 6


def test_pad_by_attributes() -> None:
    model = node_model("Pad", {"x": X}, opset=2, mode="constant", pads=PADS[1], value=-1.5)
    assert check(model) == ["pad"]


def test_pad_of_h_and_w_with_what_is_there() -> None:
    models = [
        padded("reflect", (0, 0, 3, 4, 0, 0, 2, 0)),
        padded("edge", (0, 0, 4, 0, 0, 0, 0, 5)),
        padded("edge", (0, 2, 3, 0), x=(3, 4)),
    ]
    assert check_all(models) == ["pad"] * 3


def test_pad_of_other_axes_with_what_is_there() -> None:
    """Core ML does not take such borders, so they are gathered."""
    models = [
        padded("reflect", (1, 2, 0, 1, 0, 1, 2, 0)),
        padded("edge", (0, 1, 0, 0, 2, 0, 0, 3)),
        # Wider than the tensor itself.
        padded("edge", (0, 0, 9, 0, 0, 0, 0, 6)),
        padded("edge", (0, 1, 0, 1, 1, 1), x=(2, 3, 4)),
    ]
    assert set(check_all(models)) == {"gather"}


def test_pad_with_the_other_end() -> None:
    models = [padded("wrap", (0, 0, 1, 2, 0, 0, 3, 0), 19), padded("wrap", (0, 2), 19, x=(4,))]
    assert set(check_all(models)) == {"gather"}


def test_pad_of_some_axes() -> None:
    models = []
    for axes in ([2, 3], [-1, -2], [1, 3]):
        inputs = {"x": X, "pads": np.array([1, 2, 0, 1]), "fill": None, "axes": np.array(axes)}
        models.append(node_model("Pad", inputs))
    check_all(models)


def test_negative_pads_are_slices() -> None:
    models = [
        padded("constant", (0, 0, -1, 0, 0, 0, 0, -2)),
        padded("constant", (0, -1, 1, -1) * 2),
    ]
    assert check_all(models) == ["slice_by_index", "slice_by_index", "pad"]


def test_pad_of_nothing() -> None:
    nodes = [helper.make_node("Pad", ["x", "p"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    for mode in ("constant", "reflect"):
        nodes[0] = helper.make_node("Pad", ["x", "p"], ["a"], mode=mode)
        model = graph_model(nodes, {"x": X, "p": np.zeros(8, np.int64)})
        assert check(model) == ["relu"]


def test_pad_of_integers_with_the_edge() -> None:
    node = helper.make_node("Pad", ["x", "p"], ["y"], mode="edge")
    inputs = {"x": (2, 3), "p": np.array([1, 0, 0, 2])}
    model = graph_model([node], inputs, dtype=TensorProto.INT64)
    check(model, feeds={"x": np.arange(6).reshape(2, 3) * 70_001}, tolerance=0)


def test_in_float16() -> None:
    models = [padded("constant", PADS[1], fill=-1.5), padded("edge", (0, 1, 0, 0, 2, 0, 0, 3))]
    models.append(node_model("Concat", {"a": X, "b": X}, axis=1))
    check_all(models, ios=17, precision="float16", tolerance=1e-3)


def test_parts_without_elements() -> None:
    """As where all of a head is rotated, and none of it is left over."""
    model = parse(
        "agraph (float[2,4] x) => (float[2,4] y) <int64[3] s = {0, 4, 0}, int64[2] t = {4, 0}> {"
        " a, b, c = Split<axis = 1>(x, s)  r = Relu(b)  d, e = Split<axis = 1>(r, t)"
        " y = Concat<axis = 1>(a, d, e) }"
    )
    assert check(model) == ["relu"]


def test_mirrored_borders_that_cut() -> None:
    check(padded("edge", (0, 0, 0, -1, 0, 0, 2, 0)))


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_borders_of_integers(dtype: str) -> None:
    models, feeds = [], []
    for pads, value in (("1, 0, 0, 2", "1"), ("1, 2, -1, 3", "0")):
        result = [int(n) for n in pads.split(",")]
        shape = f"[{2 + result[0] + result[2]},{3 + result[1] + result[3]}]"
        body = f"<int64[4] p = {{{pads}}}, {dtype} v = {{{value}}}> {{ y = Pad(x, p, v) }}"
        models.append(parse(f"agraph ({dtype}[2,3] x) => ({dtype}{shape} y) {body}"))
        feeds.append({"x": np.array([[1, 0, 1], [0, 1, 1]], dtype)})
    kinds = check_all(models, feeds=feeds, tolerance=0)
    assert "pad" not in kinds


def test_an_output_without_elements_is_unsupported() -> None:
    model = node_model("Slice", {"x": X, "s": np.array([2]), "e": np.array([1])})
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "elements" in error.value.why
