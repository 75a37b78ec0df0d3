"""Every operator of the table is computed in integers, and computes what it computed before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import NodeProto

from _edgeship.export.onnx.kernels import KERNELS, MOVING, WEIGHTS_ONLY, phrases
from _edgeship.export.onnx.optimized import float_operators, run_optimized
from _edgeship.export.verification.metrics import compare
from tests.export.command_line import ROOT
from tests.export.onnx.graphs import expected, graph, int8_file, node, normal, samples

_X = (1, 8, 6, 6)


def _ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


#: Operator -> its node between a and b, the shape of b, and its constants. A convolution makes a.
_CASES: dict[str, tuple[NodeProto, Sequence[int], dict[str, NDArray[Any]]]] = {
    "Add": (node("Add", "a x", "b"), _X, {}),
    "AveragePool": (
        node("AveragePool", "a", "b", kernel_shape=[2, 2], strides=[2, 2]),
        (1, 8, 3, 3),
        {},
    ),
    "Clip": (
        node("Clip", "a low high", "b"),
        _X,
        {"low": np.float32(0).reshape(()), "high": np.float32(1).reshape(())},
    ),
    "Concat": (node("Concat", "a a", "b", axis=1), (1, 16, 6, 6), {}),
    "Conv": (node("Conv", "a w", "b"), (1, 4, 4, 4), {"w": normal(4, 8, 3, 3, seed=3)}),
    "Flatten": (node("Flatten", "a", "b", axis=1), (1, 288), {}),
    "Gather": (node("Gather", "a at", "b", axis=1), (1, 3, 6, 6), {"at": _ints(5, 0, 2)}),
    "Gemm": (
        node("Gemm", "flat w bias", "b", transB=1),
        (1, 5),
        {"w": normal(5, 288, seed=3), "bias": normal(5, seed=4)},
    ),
    "GlobalAveragePool": (node("GlobalAveragePool", "a", "b"), (1, 8, 1, 1), {}),
    "LeakyRelu": (node("LeakyRelu", "a", "b", alpha=0.2), _X, {}),
    "MatMul": (node("MatMul", "a w", "b"), (1, 8, 6, 5), {"w": normal(6, 5, seed=3)}),
    "MaxPool": (node("MaxPool", "a", "b", kernel_shape=[2, 2]), (1, 8, 5, 5), {}),
    "Mul": (node("Mul", "a x", "b"), _X, {}),
    "ReduceMax": (node("ReduceMax", "a at", "b"), (1, 8, 1, 6), {"at": _ints(2)}),
    "ReduceMin": (node("ReduceMin", "a at", "b"), (1, 8, 1, 6), {"at": _ints(2)}),
    "Relu": (node("Relu", "a", "b"), _X, {}),
    "Reshape": (node("Reshape", "a to", "b"), (1, 4, 12, 6), {"to": _ints(1, 4, 12, 6)}),
    "Resize": (
        node("Resize", "a scales", "b", mode="nearest"),
        (1, 8, 12, 12),
        {"scales": np.array([1, 1, 2, 2], np.float32)},
    ),
    "Sigmoid": (node("Sigmoid", "a", "b"), _X, {}),
    "Slice": (
        node("Slice", "a from to axis", "b"),
        (1, 3, 6, 6),
        {"from": _ints(2), "to": _ints(5), "axis": _ints(1)},
    ),
    "Softmax": (node("Softmax", "a", "b", axis=-1), _X, {}),
    "Split": (
        node("Split", "a parts", "b rest", axis=1),
        (1, 3, 6, 6),
        {"parts": _ints(3, 5)},
    ),
    "Squeeze": (node("Squeeze", "a at", "b"), (8, 6, 6), {"at": _ints(0)}),
    "Transpose": (node("Transpose", "a", "b", perm=[0, 2, 3, 1]), (1, 6, 6, 8), {}),
    "Unsqueeze": (node("Unsqueeze", "a at", "b"), (1, 1, 8, 6, 6), {"at": _ints(1)}),
}
_CASES["Resize"][0].input[:] = ["a", "", "scales"]


def _case(op: str) -> Any:
    """Return a convolution, the operator behind it, and what it needs."""
    one, shape, constants = _CASES[op]
    nodes = [node("Conv", "x first", "a", pads=[1, 1, 1, 1]), one]
    if op == "Gemm":
        nodes.insert(1, node("Flatten", "a", "flat", axis=1))
    return graph(nodes, {"x": _X}, {"b": shape}, {"first": normal(8, 8, 3, 3), **constants})


def test_every_operator_of_the_table_has_a_case() -> None:
    assert sorted(_CASES) == sorted(KERNELS)


@pytest.mark.parametrize("op", _CASES)
def test_an_operator_of_the_table_is_computed_in_integers(op: str) -> None:
    model, fed = _case(op), samples({"x": _X})
    data = int8_file(model, fed)
    assert float_operators(data) == {}
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 30


@pytest.mark.parametrize(
    ("op", "found"),
    [
        ("Tanh", {"Tanh": 1}),
        # ONNX Runtime takes it apart.
        ("HardSwish", {"HardSigmoid": 1, "Mul": 1}),
        ("Sub", {"Sub": 1}),
    ],
)
def test_an_operator_that_is_not_in_the_table_is_computed_in_float(
    op: str, found: dict[str, int]
) -> None:
    inputs = "a x" if op == "Sub" else "a"
    nodes = [node("Conv", "x w", "a", pads=[1, 1, 1, 1]), node(op, inputs, "b")]
    nodes.append(node("Conv", "b v", "c", pads=[1, 1, 1, 1]))
    constants = {"w": normal(8, 8, 3, 3), "v": normal(8, 8, 3, 3, seed=1)}
    model = graph(nodes, {"x": _X}, {"c": _X}, constants)
    fed = samples({"x": _X})
    data = int8_file(model, fed)
    assert float_operators(data) == found
    assert compare(expected(model, fed), run_optimized(data, fed)).sqnr_db > 25


def test_the_phrases_say_what_int8_makes_of_each_operator() -> None:
    found = phrases()
    assert list(found) == sorted(found)
    assert set(KERNELS) | set(WEIGHTS_ONLY) | set(MOVING) <= set(found)
    assert found["Conv"] == "as it is; in int8: QLinearConv"
    assert found["Tanh"] == "as it is; in int8: float"
    # Newer than the graphs, and not on numbers.
    assert not {"Swish", "If", "StringConcat"} & set(found)


def test_the_phrases_need_onnx_only() -> None:
    code = (
        "import sys; from _edgeship.export.onnx.kernels import phrases; phrases()\n"
        "assert not {'onnxruntime', 'onnx_ir', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own code


def test_all_phrases_are_of_operators_that_onnx_has() -> None:
    for op in phrases():
        assert onnx.defs.has(op)
