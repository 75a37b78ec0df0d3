"""The inputs, outputs and operators of any .onnx file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from _edgeship.sheets import Sheet


def counts(model: onnx.ModelProto) -> dict[str, int]:
    """Return how many nodes of each operator the graph has, most frequent first."""
    return dict(Counter(text_of(node.op_type) for node in model.graph.node).most_common())


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Return name -> values of the initializers and of what nodes Constant hold."""
    tensors = {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            for one in node.attribute:
                if one.name == "value":
                    tensors[node.output[0]] = one.t
    return {text_of(name): numpy_helper.to_array(tensor) for name, tensor in tensors.items()}


def scales(model: onnx.ModelProto) -> dict[str, tuple[float, int]]:
    """Return name of a value that a QuantizeLinear reads -> its only scale and zero point."""
    stored = constants(model)
    found = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and len(node.input) > 2:
            scale, zero = (stored.get(name) for name in node.input[1:3])
            if scale is not None and zero is not None and scale.size == zero.size == 1:
                found[text_of(node.input[0])] = float(scale.item()), int(zero.item())
    return found


def summarize(model: onnx.ModelProto, file_bytes: int) -> dict[str, Any]:
    """Return what a file holds, as plain values ready for JSON.

    Dimensions left open are shown by their names, so that the user sees what ``--input`` must fix.

    Args:
        model: What was read.
        file_bytes: The size of the file.
    """
    constants = {one.name for one in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    producer = text_of(model.producer_name), text_of(model.producer_version)
    return {
        "file_bytes": file_bytes,
        "producer": " ".join(filter(None, producer)),
        "opsets": {text_of(one.domain) or "ai.onnx": one.version for one in model.opset_import},
        "inputs": [port(value) for value in inputs],
        "outputs": [port(value) for value in model.graph.output],
        "operators": counts(model),
    }


def sheets(summary: Mapping[str, Any]) -> tuple[Sheet, ...]:
    """Return the same for people: the file, its inputs and outputs, its operators, a table each."""
    opsets = ", ".join(f"{domain} {version}" for domain, version in summary["opsets"].items())
    size = f"{summary['file_bytes']:,} bytes"
    facts = [("producer", summary["producer"]), ("opsets", opsets), ("size", size)]
    ports = [
        (side, port["name"], port["dtype"], port["shape"])
        for side, key in (("input", "inputs"), ("output", "outputs"))
        for port in summary[key]
    ]
    operators = [(name, str(count)) for name, count in summary["operators"].items()]
    return (
        Sheet("File", ("", ""), facts),
        Sheet("Inputs and outputs", ("", "name", "type", "shape"), ports),
        Sheet("Operators", ("operator", "count"), operators),
    )


def port(value: onnx.ValueInfoProto) -> dict[str, str]:
    """Return the name, type and shape of a value, in words."""
    kind = value.type.tensor_type
    shape = "unknown"
    if kind.HasField("shape"):
        extents = [text_of(one.dim_param) or str(one.dim_value or "?") for one in kind.shape.dim]
        shape = "x".join(extents) or "scalar"
    types = onnx.TensorProto.DataType
    dtype = "unknown"
    if kind.elem_type:
        known = kind.elem_type in types.values()
        dtype = types.Name(kind.elem_type).lower() if known else f"type {kind.elem_type}"
    return {"name": text_of(value.name), "dtype": dtype, "shape": shape}


def text_of(text: str | bytes) -> str:
    """Return a text of a file; protobuf gives those that are no UTF-8 as bytes."""
    return text if isinstance(text, str) else text.decode(errors="replace")
