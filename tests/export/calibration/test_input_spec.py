"""What inputs take, as their graphs tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.calibration.input_spec import InputSpec, input_specs
from _edgeship.export.graph.onnx_graph import infer_shapes


def specs(text: str, layout: Any = None) -> dict[str, InputSpec]:
    header = '<ir_version: 10, opset_import: ["": 18]>\n'
    return input_specs(infer_shapes(ir.from_proto(onnx.parser.parse_model(header + text))), layout)


LAST = "t = Transpose<perm = [0, 3, 1, 2]>(x) y = GlobalMaxPool(t)"


@pytest.mark.parametrize(
    ("shape", "nodes", "layout"),
    [
        ("1, 3, 8, 8", "y = GlobalMaxPool(x)", "nchw"),
        ("1, 8, 8, 3", LAST, "nhwc"),
        ("1, 8, 8, 1", "h = Div(x, k) s = Sub(h, k) " + LAST.replace("(x)", "(s)"), "nhwc"),
        ("1, 8, 8, 3", "y = Softmax(x)", "nhwc"),
        # Both ends could be colours: the graph decides, and the usual order where it does not.
        ("1, 3, 8, 3", "y = MaxPool<kernel_shape = [2, 2]>(x)", "nchw"),
        ("1, 3, 8, 3", LAST, "nhwc"),
        ("1, 3, 8, 3", "y = Softmax(x)", "nchw"),
        # A map of width 3 that is convolved channels first, and something that is no picture.
        ("1, 8, 8, 3", "y = MaxPool<kernel_shape = [2, 2]>(x)", "nchw"),
        ("1, 8, 8, 5", "y = Softmax(x)", "nchw"),
    ],
)
def test_layout(shape: str, nodes: str, layout: str) -> None:
    graph = f"g (float[{shape}] x) => (float[a, b, c, d] y) <float k = {{2.0}}> {{ {nodes} }}"
    assert specs(graph)["x"].layout == layout


def test_the_user_may_know_better() -> None:
    graph = "g (float[1, 8, 8, 3] x) => (float[a, b, c, d] y) { y = Softmax(x) }"
    assert specs(graph, "nchw")["x"].layout == "nchw"
    assert specs(graph, "nchw")["x"].picture is None
    assert specs(graph)["x"].picture == (3, 8, 8)


def test_a_tensor_inside_of_a_network_is_no_picture() -> None:
    text = '<ir_version: 10, opset_import: ["": 18]>\n'
    text += "g (float[1, 3, 8, 8] x) => (float[a, b, c, d] y) { y = Relu(x) }"
    model = infer_shapes(ir.from_proto(onnx.parser.parse_model(text)))
    assert input_specs(model)["x"].picture == (3, 8, 8)
    assert input_specs(model, inner=True)["x"].picture is None


@pytest.mark.parametrize(
    ("dtype", "nodes", "high"),
    [
        ("int64", "y = Gather(table, x)", 7),
        ("int32", "c = Cast<to = 7>(x) f = Flatten(c) y = Gather<axis = 1>(table, f)", 5),
        ("int64", "a = Gather(table, x) b = Gather<axis = 1>(table, x) y = Concat<axis = 0>(a, b)"
         .replace("Concat<axis = 0>(a, b)", "Sum(s, r)")
         .replace(" y =", " s = ReduceSum(a) r = ReduceSum(b) y ="), 5),
        ("uint8", "y = Cast<to = 1>(x)", 256),
        ("int64", "y = Cast<to = 1>(x)", 2),
    ],
)  # fmt: skip
def test_bound_of_integers(dtype: str, nodes: str, high: int) -> None:
    found = specs(f"g ({dtype}[1, 4] x) => (float y) <float[7, 5] table = {{0}}> {{ {nodes} }}")
    assert found["x"].high == high
    assert found["x"].dtype == np.dtype(dtype)
