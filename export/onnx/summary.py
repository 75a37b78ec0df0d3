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
    return dict(Counter(node.op_type for node in model.graph.node).most_common())


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Return name -> values of the initializers and of what nodes Constant hold."""
    tensors = {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            for one in node.attribute:
                if one.name == "value":
                    tensors[node.output[0]] = one.t
    return {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}


def summarize(model: onnx.ModelProto, file_bytes: int) -> dict[str, Any]:
    """Return what a file holds, as plain values ready for JSON.

    Dimensions left open are shown by their names, so that the user sees what ``--input`` must fix.

    Args:
        model: What was read.
        file_bytes: The size of the file.
    """
    constants = {one.name for one in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    return {
        "file_bytes": file_bytes,
        "producer": " ".join(filter(None, (model.producer_name, model.producer_version))),
        "opsets": {one.domain or "ai.onnx": one.version for one in model.opset_import},
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
        extents = [one.dim_param or str(one.dim_value or "?") for one in kind.shape.dim]
        shape = "x".join(extents) or "scalar"
    dtype = onnx.TensorProto.DataType.Name(kind.elem_type).lower() if kind.elem_type else "unknown"
    return {"name": value.name, "dtype": dtype, "shape": shape}
