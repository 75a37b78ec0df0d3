"""What a file calls its tensors and nodes is a stranger's, and may be no text at all."""

from __future__ import annotations

import pytest
from onnx import ModelProto, parser

from _edgeship.export.onnx.tensors import sheet, tensors

TEXT = '<ir_version: 10, opset_import: ["": 18]> g (float[1] x) => (float[1] y) { y = Abs(x) }'


@pytest.mark.parametrize("name", [b"Abs", b"nodename"])
def test_names_that_are_no_text_are_shown(name: bytes) -> None:
    model = parser.parse_model(TEXT)
    model.graph.node[0].name = "nodename"
    damaged = ModelProto.FromString(model.SerializeToString().replace(name, b"\xff" * len(name), 1))
    rows = tensors(damaged)
    assert all(isinstance(cell, str) for row in rows for cell in row.values())
    assert any("\ufffd" in cell for row in rows for cell in row.values())
    assert all(isinstance(cell, str) for row in sheet(damaged).rows for cell in row)


def test_what_makes_a_tensor_is_named() -> None:
    made = tensors(parser.parse_model(TEXT))
    assert [(one["name"], one["operator"]) for one in made] == [("x", ""), ("y", "Abs")]
