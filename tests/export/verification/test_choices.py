from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx import parser

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.verification.choices import choices
from _edgeship.export.verification.joined import output_parts


def picking() -> ir.Model:
    """Scores that are the largest, the rows that belong to them, and what hangs on neither."""
    text = """<ir_version: 10, opset_import: ["": 18]>
    g (float[1, 6] s, float[6, 4] b) => (float[1, 2] best, float[1, 2, 4] rows, float[1, 6] all)
    <int64[1] k = {2}> {
        best, where = TopK (s, k)
        rows = Gather <axis = 0> (b, where)
        all = Sigmoid (s)
    }"""
    return infer_shapes(ir.from_proto(parser.parse_model(text)))


def test_what_is_gathered_hangs_on_a_choice_and_the_largest_values_do_not() -> None:
    assert choices(picking()) == {"rows": ("where",)}


def test_parts_know_it() -> None:
    reference = [[np.zeros((1, 2), "f"), np.zeros((1, 2, 4), "f"), np.zeros((1, 6), "f")]]
    found = {part.name: part.chosen for part in output_parts(picking(), reference)}
    assert found == {"best": False, "rows": True, "all": False}
