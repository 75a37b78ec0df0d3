"""Max pools in front of functions, against ONNX Runtime on the network as written."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.export.tflite.ops.harness import check, graph_model, rand

SHAPE = (2, 3, 9, 8)

#: Operators of one map, and whether they never fall.
RISING = {
    "leaky": helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.1),
    "flat": helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.0),
    "sigmoid": helper.make_node("Sigmoid", ["x"], ["y"]),
    "tanh": helper.make_node("Tanh", ["x"], ["y"]),
    "add": helper.make_node("Add", ["x", "each"], ["y"]),
    "added": helper.make_node("Add", ["each", "x"], ["y"]),
    "subtract": helper.make_node("Sub", ["x", "each"], ["y"]),
    "double": helper.make_node("Mul", ["above", "x"], ["y"]),
    "prelu": helper.make_node("PRelu", ["x", "above"], ["y"]),
}
OTHER = {
    "falling": helper.make_node("LeakyRelu", ["x"], ["y"], alpha=-0.5),
    "from": helper.make_node("Sub", ["each", "x"], ["y"]),
    "turned": helper.make_node("Mul", ["x", "each"], ["y"]),
    "bent": helper.make_node("PRelu", ["x", "each"], ["y"]),
    "hard": helper.make_node("HardSwish", ["x"], ["y"]),
    "abs": helper.make_node("Abs", ["x"], ["y"]),
}
#: No function of one number.
POSITIONS = helper.make_node("Add", ["x", "map"], ["y"])
CONSTANTS = {
    "each": rand(3, 1, 1),
    "above": np.abs(rand(3, 1, 1, seed=1)),
    "map": rand(9, 8),
}


def chain(nodes: list[onnx.NodeProto], pool: dict[str, Any]) -> onnx.ModelProto:
    """The nodes in a row, and a max pool behind them."""
    row, last = [], "x"
    for number, node in enumerate(nodes):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[list(node.input).index("x")] = last
        last = copy.output[0] = f"v{number}"
        row.append(copy)
    row.append(helper.make_node("MaxPool", [last], ["out"], **pool))
    used = {name: CONSTANTS[name] for node in row for name in node.input if name in CONSTANTS}
    return graph_model(row, {"x": SHAPE, **used}, ("out",))


SMALLER: dict[str, Any] = {"kernel_shape": [3, 2], "strides": [3, 2]}
PICK: dict[str, Any] = {"kernel_shape": [1, 1], "strides": [2, 2]}


@pytest.mark.parametrize("name", list(RISING))
def test_a_pool_goes_in_front_of_what_never_falls(name: str) -> None:
    assert check(chain([RISING[name]], SMALLER))[0] == "MAX_POOL_2D"


@pytest.mark.parametrize("name", list(OTHER))
def test_a_pool_stays_behind_what_falls_but_picking_does_not(name: str) -> None:
    assert check(chain([OTHER[name]], SMALLER))[-1] == "MAX_POOL_2D"
    assert check(chain([OTHER[name]], PICK))[0] == "MAX_POOL_2D"


@pytest.mark.parametrize("seed", range(12))
def test_any_row_of_functions_computes_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = RISING | OTHER | {"map": POSITIONS}
    names = rng.choice(list(known), size=rng.integers(2, 6))
    pool = {"kernel_shape": rng.integers(1, 4, 2), "strides": rng.integers(1, 4, 2)}
    if rng.random() < 0.5:
        pool["pads"] = [0, 0, *(pool["kernel_shape"] - 1)]
    check(chain([known[name] for name in names], pool))


def test_what_depends_on_the_place_stays_in_front() -> None:
    assert check(chain([POSITIONS], PICK)) == ["ADD", "MAX_POOL_2D"]


def test_a_pool_of_more_channels_than_the_function_reads_stays() -> None:
    nodes = [RISING["add"], helper.make_node("MaxPool", ["y"], ["out"], **SMALLER)]
    model = graph_model(nodes, {"x": (2, 1, 9, 8), "each": CONSTANTS["each"]}, ("out",))
    assert check(model) == ["ADD", "MAX_POOL_2D"]


def test_a_pool_that_makes_nothing_smaller_stays() -> None:
    pool = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    assert check(chain([RISING["leaky"]], pool)) == ["LEAKY_RELU", "MAX_POOL_2D"]


def test_a_map_that_something_else_reads_is_computed_whole() -> None:
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["y"]),
        helper.make_node("MaxPool", ["y"], ["z"], **SMALLER),
    ]
    given = graph_model(nodes, {"x": SHAPE}, ("y", "z"))
    assert check(given) == ["LOGISTIC", "MAX_POOL_2D"]
    nodes.append(helper.make_node("Relu", ["y"], ["w"]))
    read = graph_model(nodes, {"x": SHAPE}, ("z", "w"))
    assert check(read)[:2] == ["LOGISTIC", "MAX_POOL_2D"]
