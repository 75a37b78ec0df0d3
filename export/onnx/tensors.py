"""The tensors between the nodes of an .onnx file: what a network can be cut at."""

from __future__ import annotations

import onnx

from _edgeship.export.onnx.summary import port, text_of
from _edgeship.sheets import Sheet


def tensors(model: onnx.ModelProto) -> list[dict[str, str]]:
    """Return all inputs, and what every node makes, in the order of the file.

    Args:
        model: What was read.

    Returns:
        For each its name, dtype and shape, as far as they are known; the operator that makes it
        ("" for an input) and the name of that node.
    """
    known = {one.name: one for one in _typed(model)}
    constants = {one.name for one in model.graph.initializer}
    found = [
        {**port(one), "operator": "", "node": ""}
        for one in model.graph.input
        if one.name not in constants
    ]
    for node in model.graph.node:
        made = (known.get(name) or onnx.ValueInfoProto(name=name) for name in node.output if name)
        operator, own = text_of(node.op_type), text_of(node.name)
        found += [{**port(one), "operator": operator, "node": own} for one in made]
    return found


def sheet(model: onnx.ModelProto) -> Sheet:
    """Return the same as a table for people."""
    rows = [
        (one["name"], one["dtype"], one["shape"], one["operator"] or "(input)", one["node"])
        for one in tensors(model)
    ]
    return Sheet("Tensors", ("name", "type", "shape", "made by", "node"), rows)


def _typed(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Return what is known of the tensors: what ONNX infers, or else what the file declares."""
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, ValueError):
        graph = model.graph  # it contradicts itself, or is too large; the names are what counts
    return [*graph.value_info, *graph.input, *graph.output]
