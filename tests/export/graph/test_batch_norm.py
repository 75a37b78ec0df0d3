from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch

from _edgeship.export.graph.batch_norm import constant_batch_norm
from _edgeship.export.graph.onnx_graph import infer_shapes

CONSTANTS = """
    gamma = Constant <value_floats = [0.5, -2.0, 0.0]> ()
    beta = Constant <value_floats = [1.0, 0.25, -3.0]> ()
    mean = Constant <value_floats = [0.1, -4.0, 2.0]> ()
    variance = Constant <value_floats = [0.01, 9.0, 1.0]> ()
"""


def first_node(text: str, opset: int = 15) -> ir.Node:
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": {opset}]>'
        f"agraph (float[2,3,4,5] x, float[3] computed) => (y) {{ {text} }}"
    )
    return next(iter(infer_shapes(ir.from_proto(model)).graph))


def test_scale_and_shift_are_those_of_torch() -> None:
    node = first_node(
        f"{CONSTANTS} y = BatchNormalization <epsilon = 0.5> (x, gamma, beta, mean, variance)"
    )
    norm = constant_batch_norm(node)
    assert norm is not None
    assert norm.scale.dtype == norm.shift.dtype == np.float64
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    parameters = [torch.from_numpy(value.const_value.numpy()) for value in node.inputs[1:5]]
    gamma, beta, mean, variance = parameters
    expected = torch.nn.functional.batch_norm(
        torch.from_numpy(x), mean, variance, gamma, beta, eps=0.5
    )
    per_channel = (1, 3, 1, 1)
    got = x * norm.scale.reshape(per_channel) + norm.shift.reshape(per_channel)
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "opset"),
    [
        ("y = Relu(x)", 15),
        (f"{CONSTANTS} y = BatchNormalization(x, gamma, computed, mean, variance)", 15),
        (
            f"{CONSTANTS} y, m, v = BatchNormalization <training_mode = 1>"
            "(x, gamma, beta, mean, variance)",
            15,
        ),
        (f"{CONSTANTS} y = BatchNormalization <spatial = 0> (x, gamma, beta, mean, variance)", 7),
    ],
    ids=["another operator", "a computed parameter", "training mode", "statistics per pixel"],
)
def test_what_the_graph_does_not_determine(text: str, opset: int) -> None:
    assert constant_batch_norm(first_node(text, opset)) is None
