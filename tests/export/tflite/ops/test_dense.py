from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import (
    check,
    check_both,
    graph_model,
    lower_model,
    node_model,
    rand,
)


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize(
    ("addend", "kinds"),
    [
        (None, ["FULLY_CONNECTED"]),
        ((), ["FULLY_CONNECTED"]),
        ((1,), ["FULLY_CONNECTED"]),
        ((5,), ["FULLY_CONNECTED"]),
        ((1, 5), ["FULLY_CONNECTED"]),
        ((1, 1), ["FULLY_CONNECTED"]),
        ((3, 1), ["FULLY_CONNECTED", "ADD"]),
        ((3, 5), ["FULLY_CONNECTED", "ADD"]),
    ],
)
def test_gemm(
    trans_a: int, trans_b: int, alpha: float, addend: tuple[int, ...] | None, kinds: list[str]
) -> None:
    inputs: dict[str, Any] = {
        "a": (4, 3) if trans_a else (3, 4),
        "b": rand(5, 4) if trans_b else rand(4, 5),
    }
    if addend is not None:
        inputs["c"] = np.asarray(rand(*addend, seed=3))
    model = node_model("Gemm", inputs, transA=trans_a, transB=trans_b, alpha=alpha, beta=0.25)
    assert check(model) == ["TRANSPOSE"] * trans_a + kinds


def test_gemm_with_one_row_and_a_column_of_one() -> None:
    check(node_model("Gemm", {"a": (1, 4), "b": rand(4, 1), "c": rand(1)}))
    check(node_model("Gemm", {"a": (3, 4), "b": rand(4, 1), "c": rand(3, 1)}))


@pytest.mark.parametrize("x", [(3, 4), (2, 3, 4), (2, 3, 3, 4), (2, 1, 2, 3, 4)])
def test_matmul_by_a_constant_matrix(x: tuple[int, ...]) -> None:
    assert check_both(node_model("MatMul", {"a": x, "b": rand(4, 5)})).count("FULLY_CONNECTED") == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (1, 6, 4, 5)),
        ((2, 2, 3, 4), (2, 4, 5)),
    ],
)
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_matmul(a: tuple[int, ...], b: tuple[int, ...], constant: str) -> None:
    inputs: dict[str, Any] = {"a": a, "b": b}
    if constant:
        inputs[constant] = rand(*inputs[constant])
    check_both(node_model("MatMul", inputs))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (node_model("Gemm", {"a": (3, 4), "b": (4, 5)}), "weight of Gemm must be a constant"),
        (
            node_model("Gemm", {"a": (3, 4), "b": rand(4, 5), "c": (5,)}),
            "addend of Gemm must be a constant",
        ),
        (node_model("MatMul", {"a": (4,), "b": rand(4, 5)}), "MatMul with a vector"),
        (node_model("MatMul", {"a": (3, 4), "b": rand(4)}), "MatMul with a vector"),
        (
            graph_model([helper.make_node("MatMul", ["a", "a"], ["y"])], {"a": (3, 3)}),
            "MatMul of a value by itself",
        ),
        (
            node_model("MatMul", {"a": (1, 1, 1, 2, 3, 4), "b": (1, 1, 1, 2, 4, 3)}),
            "BATCH_MATMUL takes 5 axes, not 6",
        ),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why


IMAGE = {"x": (2, 3, 4, 5)}


def classifier(*head: Any, **constants: np.ndarray) -> Any:
    nodes = [helper.make_node("Relu", ["x"], ["r"]), *head]
    return graph_model(nodes, {**IMAGE, **constants})


def test_a_flattened_image_is_not_transposed() -> None:
    """The columns of the weights are permuted instead."""
    model = classifier(
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], transB=1),
        w=rand(7, 60),
        b=rand(7),
    )
    assert check(model) == ["RELU", "RESHAPE", "FULLY_CONNECTED"]
    check(model, "nchw")


def test_a_flattened_image_whose_rows_do_not_come_first() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2, 3]),
        helper.make_node("Flatten", ["t"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    check_both(graph_model(nodes, {"x": (3, 3, 4, 5), "w": rand(60, 7)}))


def test_two_readers_of_a_flattened_image() -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["y"]),
        helper.make_node("MatMul", ["f", "v"], ["z"]),
    ]
    constants = {"shape": np.array([0, -1]), "w": rand(60, 7), "v": rand(60, 2)}
    model = graph_model(nodes, {**IMAGE, **constants}, ["y", "z"])
    assert "TRANSPOSE" not in check(model)


def test_a_flattened_image_behind_dropout_is_not_transposed() -> None:
    model = classifier(
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Dropout", ["f"], ["d"]),
        helper.make_node("Identity", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "w"], ["y"]),
        w=rand(60, 7),
    )
    assert check(model) == ["RELU", "RESHAPE", "FULLY_CONNECTED"]


@pytest.mark.parametrize(
    "reader",
    [
        [helper.make_node("Add", ["f", "k"], ["y"])],
        [helper.make_node("Gemm", ["f", "w"], ["y"], transA=1)],
        [helper.make_node("Gemm", ["f", "w"], ["g"]), helper.make_node("Relu", ["f"], ["y"])],
        [helper.make_node("MatMul", ["v", "f"], ["y"])],
        [helper.make_node("Dropout", ["f"], ["d"]), helper.make_node("Add", ["d", "k"], ["y"])],
        [helper.make_node("Transpose", ["f"], ["y"])],
    ],
)
def test_other_readers_of_a_flattened_image_see_its_order(reader: list[Any]) -> None:
    shapes = {"k": (2, 60), "v": (3, 2), "w": (2, 4) if reader[0].attribute else (60, 7)}
    used = {name for node in reader for name in node.input}
    constants = {name: rand(*shape) for name, shape in shapes.items() if name in used}
    check_both(classifier(helper.make_node("Flatten", ["r"], ["f"]), *reader, **constants))


@pytest.mark.parametrize("behind", [[], ["Identity"], ["Dropout", "Identity"]])
def test_a_flattened_image_that_is_also_an_output(behind: list[str]) -> None:
    names = ["f", *(f"d{i}" for i in range(len(behind)))]
    aliases = [
        helper.make_node(kind, [a], [b])
        for kind, a, b in zip(behind, names, names[1:], strict=False)
    ]
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        *aliases,
        helper.make_node("Gemm", ["f", "w"], ["y"]),
    ]
    check_both(graph_model(nodes, {**IMAGE, "w": rand(60, 7)}, ["y", names[-1]]))
