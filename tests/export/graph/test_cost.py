"""What is counted of a graph, and what is not known."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from _edgeship.export.graph.cost import mult_adds, parameters
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import model, node, normal

HIDDEN = {"hidden_size": 4}


def counted(nodes, inputs, constants=None, **more):
    return mult_adds(prepare(model(nodes, inputs, "y", constants, **more)).model)


@pytest.mark.parametrize(
    ("op", "inputs", "constants", "expected", "attributes"),
    [
        ("Conv", {"x": (2, 4, 8, 8)}, {"w": (6, 2, 3, 3)}, 2 * 6 * 36 * 18, {"group": 2}),
        ("ConvTranspose", {"x": (1, 4, 8, 8)}, {"w": (4, 6, 3, 3)}, 256 * 54, {}),
        ("Gemm", {"x": (5, 3)}, {"w": (5, 7)}, 3 * 5 * 7, {"transA": 1}),
        ("MatMul", {"x": (2, 3, 5)}, {"w": (2, 5, 7)}, 2 * 3 * 5 * 7, {}),
        ("Einsum", {"x": (2, 3, 5)}, {"w": (7, 5)}, 2 * 3 * 5 * 7, {"equation": "bij,kj->bik"}),
        ("Einsum", {"x": (2, 3, 5)}, {"w": (7, 5)}, None, {"equation": "...j,kj->...k"}),
        (
            "LSTM",
            {"x": (9, 2, 3)},
            {"w": (1, 16, 3), "r": (1, 16, 4)},
            18 * 16 * 7,
            {"hidden_size": 4},
        ),
        (
            "GRU",
            {"x": (9, 2, 3)},
            {"w": (1, 12, 3), "r": (1, 12, 4)},
            18 * 12 * 7,
            {"hidden_size": 4},
        ),
        ("Add", {"x": (2, 3)}, {"w": (2, 3)}, 0, {}),
        ("DeformConv", {"x": (1, 1, 3, 3), "w": (1, 1, 2, 2), "o": (1, 8, 2, 2)}, {}, None, {}),
    ],
)
def test_mult_adds(op, inputs, constants, expected, attributes):
    names = " ".join([*inputs, *constants])
    arrays = {name: normal(*shape) for name, shape in constants.items()}
    opset = 19 if op == "DeformConv" else 18
    assert counted([node(op, names, "y", **attributes)], inputs, arrays, opset=opset) == expected


def test_operators_of_others_are_not_known():
    nodes = [node("Inverse", "x", "y", domain="com.microsoft")]
    assert counted(nodes, {"x": (1, 3, 3)}, domains=["com.microsoft"]) is None


def test_open_shapes_are_not_known():
    proto = model([node("MatMul", "x w", "y")], {"x": ["n", 3]}, "y", {"w": normal(3, 4)})
    graph = ir.from_proto(proto)
    assert mult_adds(graph) is None
    assert parameters(graph) == 12
    graph.graph.initializers["w"].shape = ir.Shape([None, 4])
    assert parameters(graph) is None
