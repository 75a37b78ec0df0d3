from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx import parser

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.onnx.deployment import deployable
from _edgeship.export.onnx.index_arithmetic import index_arithmetic
from _edgeship.export.onnx.optimized import run_optimized
from tests.export.onnx.graphs import expected, int8_file


def graph(body: str, inputs: str, output: str) -> ir.Model:
    text = f'<ir_version: 10, opset_import: ["": 18]> g ({inputs}) => ({output}) {{ {body} }}'
    return deployable(infer_shapes(ir.from_proto(parser.parse_model(text))))


# Looks an element of a up at 31 (x + 1), and weighs it by what is left of that behind the point.
LOOKUP = (
    "one = Constant <value_float = 1.0> () half = Constant <value_float = 31.0> ()"
    " p = Add(x, one) q = Mul(p, half) f = Floor(q) w = Sub(q, f) i = Cast <to = 7> (f)"
    " t = Gather <axis = 0> (a, i) y = Mul(t, w)"
)


def test_positions_and_their_fractions_are_found_and_what_is_looked_up_is_not() -> None:
    model = graph(LOOKUP, "float[64] a, float[64] x", "float[64] y")
    found = {node.op_type for node in index_arithmetic(model)}
    assert found == {"Add", "Mul", "Floor", "Sub", "Cast"}
    assert {node.outputs[0].name for node in index_arithmetic(model)}.isdisjoint({"t", "y"})


def test_what_no_one_reads_as_a_position_is_not_found() -> None:
    model = graph("f = Floor(x) y = Mul(f, x)", "float[8] x", "float[8] y")
    assert index_arithmetic(model) == set()


def test_an_int8_file_looks_up_the_same_elements() -> None:
    """In 8 bits, neighbours would be read: the numbers in the table are not near each other's."""
    model = graph(LOOKUP, "float[64] a, float[64] x", "float[64] y")
    rng = np.random.default_rng(0)
    fed = [
        {
            "a": rng.standard_normal(64).astype(np.float32),
            "x": rng.uniform(-1, 1, 64).astype(np.float32),
        }
        for _ in range(4)
    ]
    found = run_optimized(int8_file(model, fed), fed)
    for [right], [values] in zip(expected(model, fed), found, strict=True):
        assert np.abs(right - values).max() < 0.1
